// The cards: accepted suggestions, newest first.

import { Layers, X } from "lucide-react";
import { fieldsOf } from "unstuck-client";
import { useCards, useKinds } from "unstuck-client/react";
import { counted, dayAndTime } from "../format";
import { Problem } from "../problems";
import { to } from "../router";
import { Part } from "../ui/boundary";
import { Button, ButtonLink, Empty, Loading, PageHead } from "../ui/parts";
import { ItemView } from "../values/item-view";

const PAGE = 24;

export function CardsScreen({ session }: { session: string | null }) {
  const kinds = useKinds().data;
  const { cards, isPending, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useCards({
    pageSize: PAGE,
    ...(session !== null && { session_id: session }),
  });
  return (
    <>
      <PageHead
        title="Cards"
        lead="The suggestions that you accepted. Cards stay after their generation expires."
        actions={
          session !== null && (
            <ButtonLink href={to.cards()} small icon={X}>
              Session {session}
            </ButtonLink>
          )
        }
      />
      <div className="stack">
        {error !== null && <Problem error={error} title="The cards could not be read" onAgain={() => void refetch()} />}
        {isPending && error === null && <Loading what="the cards" />}
        {!isPending && cards.length === 0 && !hasNextPage && (
          <Empty icon={Layers} title="No cards yet" actions={<ButtonLink href={to.feed()}>Go to the feed</ButtonLink>}>
            Review a generation: each suggestion that you accept becomes a card.
          </Empty>
        )}
        <ul className="cards">
          {cards.map((card) => (
            <li key={card.card_id} className="panel card" data-card={card.card_id}>
              <Part name="this card" what={card}>
                <ItemView fields={fieldsOf(card)} schema={kinds?.find(({ kind }) => kind === card.kind)?.item} />
              </Part>
              <p className="muted small card-foot">
                <time dateTime={card.created_at}>{dayAndTime(card.created_at)}</time>
                {card.session_id !== undefined && <a href={to.cards(card.session_id)}>{card.session_id}</a>}
                <a href={to.generation(card.generation_id)}>Its generation</a>
              </p>
            </li>
          ))}
        </ul>
        {hasNextPage && (
          <div className="centred">
            <Button onClick={fetchNextPage} disabled={isFetchingNextPage}>
              {isFetchingNextPage ? "Reading …" : "Show older ones"}
            </Button>
          </div>
        )}
        {!hasNextPage && cards.length > PAGE && (
          <p className="muted small centred">That is all: {counted(cards.length, "card")}.</p>
        )}
      </div>
    </>
  );
}
