"""What a transform needs to know of an exchange, and where it runs.

Both middlewares use these functions.
"""

from lockgate.body_transforms.running import result_of, task
from lockgate.body_transforms.transform import NO_SESSION, BodyTransform, Facts, Failure, Result
from lockgate.exchange import Exchange
from lockgate.services import ServiceError, Services, TaskLimitError


def facts_of(transform: BodyTransform, exchange: Exchange, services: Services) -> Facts:
    """What a template may see of an exchange. Time and randomness are asked for only where it depends on them."""
    session = exchange.session
    return Facts(
        exchange.variables,
        NO_SESSION if session is None or not transform.session else session.meta_data,
        tuple(text.expand(exchange, escape=True) for text in transform.literals),
        services.now() if transform.tells_time else 0.0,
        services.new_id().encode() if transform.draws else bytes(16),
        services.zone() if transform.tells_time else "UTC",
    )


async def transform_elsewhere(
    transform: BodyTransform, body: bytes, facts: Facts, services: Services, owner: str
) -> Result:
    """Transform a body in a limited process.

    Args:
        transform: What to do.
        body: What to do it to.
        facts: Of the exchange.
        services: For the process.
        owner: The API that wants it.
    """
    try:
        return result_of(await services.run_task(task(transform, body, facts, owner)))
    except TaskLimitError as error:
        return Result(failure=Failure(str(error), "limit"))
    except ServiceError as error:
        return Result(failure=Failure(str(error), "service"))
