import shared  # noqa: F401 - before all else: from here on Python looks for garbage less often
