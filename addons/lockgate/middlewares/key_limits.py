"""Count the requests of a key, and refuse what is over its rate or its quota.

Source: behaviour-chain 5.6, and 4.3 for loops.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lockgate.exchange import Exchange, replace
from lockgate.identity.granted import GrantedPaths
from lockgate.identity.keys import handle_of, quota_scope, rate_scope
from lockgate.middleware import Continue, Middleware, Outcome, Reason, Reject
from lockgate.services import Limit, ServiceError, Services
from lockgate.session import AccessRight, EndpointRate, Limits, Quota


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """Configuration of ``key_limits``."""

    api_id: str
    paths: GrantedPaths
    """How patterns of a key find paths of this API."""
    rate: bool = True
    """Whether rates of keys count."""
    quota: bool = True
    """Whether quotas of keys count."""


async def request(config: KeyLimits, exchange: Exchange, services: Services) -> Outcome:
    """Count this request: in the rate first, then in the quota."""
    session, this = exchange.session, exchange.current_pass
    if exchange.ignored or session is None or (this.loop_level > 0 and not this.check_limits):
        return Continue(exchange)
    right = session.access_rights.get(config.api_id)
    own = None if right is None else right.limit
    limits = own or session.limits
    scope = config.api_id if own is not None else ""
    owner = handle_of(exchange.key)
    wanted = list(_rates(config, exchange, owner, scope, right, limits)) if config.rate else []
    counts_quota = config.quota and limits.quota_max > 0
    if counts_quota:
        wanted.append(Limit(owner, quota_scope(scope), limits.quota_max, float(max(limits.quota_renewal_rate, 0))))
    if not wanted:
        return Continue(exchange)
    try:
        taken = await services.take_limits(wanted)
    except ServiceError as error:
        return Reject(Reason.STORE_FAILED, detail=f"the request could not be counted: {error}")
    if taken.refused is not None:
        is_quota = counts_quota and taken.refused == len(wanted) - 1
        return Reject(Reason.QUOTA_EXCEEDED if is_quota else Reason.RATE_EXCEEDED)
    if not counts_quota:
        return Continue(exchange)
    # Differs: the reference gateway tells the first request of a period that it ends now
    # (test_a_quota_is_counted_down_and_renews).
    count = taken.counts[-1]
    return Continue(replace(exchange, quota=Quota(limits.quota_max, count.left, int(count.renews_at))))


def _rates(
    config: KeyLimits, exchange: Exchange, owner: str, scope: str, right: AccessRight | None, limits: Limits
) -> Iterator[Limit]:
    """The rate that counts: the endpoint's if the key has one for it, else the API's, else the key's."""
    endpoint = None if right is None else _endpoint(config, exchange, right)
    rate, per = (limits.rate, limits.per) if endpoint is None else (endpoint.rate, endpoint.per)
    if endpoint is not None:
        scope = f"{config.api_id}/{endpoint.method} {endpoint.path}"
    if rate > 0 and per > 0:
        yield Limit(owner, rate_scope(scope), int(rate), per, limits.throttle_interval, limits.throttle_retry_limit)


def _endpoint(config: KeyLimits, exchange: Exchange, right: AccessRight) -> EndpointRate | None:
    method, path = exchange.request.method, exchange.current_pass.path
    matching = (one for one in right.endpoints if one.method == method and config.paths.found(one.path, path))
    return next(matching, None)


MIDDLEWARE = Middleware(
    name="key_limits",
    summary="Counts the requests of a key, and refuses what is over its rate or its quota.",
    config=KeyLimits,
    request=request,
)
