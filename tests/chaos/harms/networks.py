"""Bad networks as kinds of faults, on links that go through a proxy each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from random import Random

from chaos.faults import Harm
from chaos.harms.proxy import Proxy

LONGEST = 8.0

Begin = Callable[[str, Random], AbstractContextManager[Mapping[str, str]]]


def network_harms(links: Iterable[str], proxy: Callable[[str], Proxy]) -> dict[str, Harm]:
    """What can be done to the links, each known by a name such as "api to redis", once it has its proxy."""
    targets = tuple(links)

    def harm(begin: Callable[[Proxy, Random], tuple[AbstractContextManager[None], dict[str, str]]]) -> Harm:
        @contextmanager
        def begun(link: str, random: Random) -> Iterator[Mapping[str, str]]:
            mode, details = begin(proxy(link), random)
            with mode:
                yield details

        return Harm(targets, begun, 0.5, LONGEST)

    return {
        "slow network": harm(_slow),
        "narrow network": harm(_narrow),
        "cut network": harm(lambda proxy, _: (proxy.cut(), {})),
        "stalled network": harm(lambda proxy, _: (proxy.stalled(), {})),
        "lost answers": harm(_lost_answers),
    }


def _slow(proxy: Proxy, random: Random) -> tuple[AbstractContextManager[None], dict[str, str]]:
    seconds = random.uniform(0.02, 0.4)
    return proxy.slow(seconds, jitter=seconds / 2), {"seconds": f"{seconds:.2f}"}


def _narrow(proxy: Proxy, random: Random) -> tuple[AbstractContextManager[None], dict[str, str]]:
    rate = random.uniform(2_000, 50_000)
    return proxy.throttled(rate), {"bytes per second": f"{rate:.0f}"}


def _lost_answers(proxy: Proxy, random: Random) -> tuple[AbstractContextManager[None], dict[str, str]]:
    # where all are lost, whoever follows something is as blind as whoever asked
    probability = random.choice((random.uniform(0.05, 0.5), 1.0))
    return proxy.lost_answers(random, probability), {"probability": f"{probability:.2f}"}
