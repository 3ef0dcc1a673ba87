"""Reading an owner's generations one after the other: what the feed shows, and what an erasure must end."""

from collections.abc import Iterator

from shared.domain.generation import Generation
from shared.store import items
from shared.store.reads import Reads


class FeedReads(Reads):
    """Ids are UUIDv7, so that their order is that of creation, and stays it whatever happens to a generation."""

    __slots__ = ()

    def newest(self, user_id: str, after: str | None, page: int) -> Iterator[Generation]:
        """Yield the owner's heads, the newest first, beginning behind the id `after`, expired ones among them.

        Reads `page` heads at a time, strongly, and no more of them than are asked for.
        """
        more = {} if after is None else {"ExclusiveStartKey": items.head_key(user_id, after)}
        found = self.table.query(
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=page,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=items.marshal({":pk": user_id, ":prefix": "G#"}),
            **more,
        )
        return (items.decode_head(item) for item in found)
