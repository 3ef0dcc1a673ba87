"""Services of `status` over a whole store, as its handler wires them."""

from functions.status.generation import GenerationService
from functions.status.healing import Healer
from functions.status.output import Outputs
from functions.status.pictures import PictureLinks
from shared.rescue import Rescuer
from shared.store.whole import Store


def generation_service(store: Store, rescuer: Rescuer) -> GenerationService:
    clock, settings = store.ground.clock, store.ground.settings
    healer = Healer(store.reads, rescuer)
    return GenerationService(store.reads, healer, outputs(store), clock, settings)


def outputs(store: Store) -> Outputs:
    return Outputs(store.reads, store.reviews, picture_links(store))


def picture_links(store: Store) -> PictureLinks:
    return PictureLinks(store.pictures, store.ground.clock, store.ground.settings.signed_url_seconds)
