"""Pictures as libwebp and libjpeg write them, the smallest of each form, in base64, with their type and size."""

import base64
from typing import NamedTuple


class Picture(NamedTuple):
    content_type: str
    size: tuple[int, int]
    data: bytes


def _picture(content_type: str, size: tuple[int, int], text: str) -> Picture:
    return Picture(content_type, size, base64.b64decode(text))


WHOLE = {
    "jpeg": _picture(
        "image/jpeg",
        (1, 1),
        (
            "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////////////////////////////////"
            "////////////////////2wBDAf//////////////////////////////////////////////////////////////////////////"
            "////////////wAARCAABAAEDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QA"
            "FAEBAAAAAAAAAAAAAAAAAAAAAP/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AJgA/9k="
        ),
    ),
    "jpeg, progressive": _picture(
        "image/jpeg",
        (1, 1),
        (
            "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////////////////////////////////"
            "////////////////////2wBDAf//////////////////////////////////////////////////////////////////////////"
            "////////////wgARCAABAAEDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/9oA"
            "DAMBAAIQAxAAAAGQf//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAQUCf//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQMB"
            "AT8Bf//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQIBAT8Bf//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEABj8Cf//EABQQ"
            "AQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAT8hf//aAAwDAQACAAMAAAAQA//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQMBAT8Q"
            "f//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQIBAT8Qf//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAT8Qf//Z"
        ),
    ),
    "webp, lossy": _picture("image/webp", (1, 1), ("UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAD8D+JaQAA3AA/ua1AAA=")),
    "webp, lossless": _picture(
        "image/webp", (512, 512), ("UklGRi4AAABXRUJQVlA4TCIAAAAv/8F/AAdQ/epXv/8BgUCyv/cMRfQ/4z//+c9//vOf//wf")
    ),
    "webp, with alpha": _picture(
        "image/webp",
        (64, 40),
        (
            "UklGRnIAAABXRUJQVlA4WAoAAAAQAAAAPwAAJwAAQUxQSBcAAAABD/Cy/4iIQKRt41/xYOnhYUT/05yTAABWUDggNAAAANADAJ0B"
            "KkAAKAA/cbjWY7SvKyaiqAKQLglpANSUr7BRZNpCMg64AAD+7Lz8hiRlcvbAAAA="
        ),
    ),
    "webp, animated": _picture(
        "image/webp",
        (64, 40),
        (
            "UklGRjABAABXRUJQVlA4WAoAAAASAAAAPwAAJwAAQU5JTQYAAAAAAAAAAABBTk1GlgAAAAAAAAAAAD8AACcAAGQAAANBTFBINAAA"
            "AAEPcLLNiAgxCBH9DwAAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABWUDggQgAAAPADAJ0BKkAAKAA+bTab"
            "SaQjIqEiqACADYlpBigAAqbMc/Szp609XwAA/voOt87HuD/oPiauTVFoz6Ng3OM1IBAAAEFOTUZmAAAABgAAAAAAJwAAJwAAZAAA"
            "AkFMUEgKAAAAAQdQsogIRET/A1ZQOCA8AAAAcAMAnQEqKAAoAD5tNplIpCMioSOIAIANiWkAAi2LM7/0JgcAAP76IZfOx7g/6D4m"
            "r/i0maM/+lpsTCAA"
        ),
    ),
}
