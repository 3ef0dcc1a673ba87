"""Services of `status` and `actions` over a whole store, as their handlers wire them."""

from functions.actions.cards import CardService
from functions.actions.review import ReviewService
from functions.status.generation import GenerationService
from functions.status.healing import Healer
from functions.status.output import Outputs
from functions.status.pictures import PictureLinks
from shared import kinds
from shared.domain.clock import Clock
from shared.kinds.contract import Catalog
from shared.rescue import Rescuer
from shared.store.whole import Store

KINDS = Catalog(kinds.names, kinds.load)


def generation_service(store: Store, rescuer: Rescuer) -> GenerationService:
    clock, settings = store.ground.clock, store.ground.settings
    healer = Healer(store.reads, rescuer)
    return GenerationService(store.reads, healer, outputs(store), clock, settings)


def outputs(store: Store) -> Outputs:
    return Outputs(store.reads, store.reviews, picture_links(store), kinds.reviews)


def review_service(store: Store, clock: Clock, catalog: Catalog = KINDS) -> ReviewService:
    return ReviewService(store.reads, store.reviews, clock, catalog)


def card_service(store: Store, clock: Clock, catalog: Catalog = KINDS) -> CardService:
    return CardService(review_service(store, clock, catalog), store.reviews, catalog)


def picture_links(store: Store) -> PictureLinks:
    return PictureLinks(store.pictures, store.ground.clock, store.ground.settings.signed_url_seconds)
