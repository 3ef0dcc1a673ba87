"""Owns what each model does when asked for pictures: draws one, or sends something else.

drawing.py draws the picture.
"""

from dataclasses import replace

from local.model_server.drawing import data_url, draw
from local.model_server.plan import Ask, Behaviour, Plan, good

GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HUGE_BYTES = 9 * 1024 * 1024


def _drawing(ask: Ask) -> Plan:
    return good(
        replace(ask, conversation=replace(ask.conversation, aspect_ratio=ask.conversation.aspect_ratio or "1:1"))
    )


def _sending(*urls: str) -> Plan:
    return Plan(content="Here it is.", images=urls)


IMAGE_BEHAVIOURS: dict[str, Behaviour] = {
    "local/image": Behaviour("Draws a picture, whether or not it is asked for one.", _drawing),
    "local/image_text": Behaviour(
        "Talks of a picture and sends none.", lambda _: Plan(content="Here is your picture!")
    ),
    "local/image_broken": Behaviour(
        "A picture whose base64 is broken.", lambda _: _sending("data:image/png;base64,iVBORw0KGgo=!!!=")
    ),
    "local/image_gif": Behaviour("A GIF.", lambda _: _sending(data_url(GIF, "image/gif"))),
    "local/image_svg": Behaviour("An SVG with a script in it.", lambda _: _sending(data_url(SVG, "image/svg+xml"))),
    "local/image_lie": Behaviour("A GIF that is called a PNG.", lambda _: _sending(data_url(GIF))),
    "local/image_link": Behaviour(
        "A link to a picture elsewhere.", lambda _: _sending("https://example.com/picture.png")
    ),
    "local/image_huge": Behaviour(
        "A picture of 9 MB.", lambda ask: _sending(data_url(draw(ask.conversation.source_text) + bytes(HUGE_BYTES)))
    ),
    "local/image_many": Behaviour(
        "Five pictures.", lambda ask: _sending(*[data_url(draw(ask.conversation.source_text))] * 5)
    ),
}
