"""The keys of ``middleware`` in ``x-tyk-api-gateway``: for the whole API, and for an operation.

Source: behaviour-chain 1.3 and 6.3; Tyk 5.11, "Tyk OAS API definition" reference.
"""

from typing import Final

from lockgate.decoding.shapes import (
    Toggle,
    boolean,
    ignored,
    integer,
    list_of,
    number,
    optional,
    record,
    required,
    string,
    toggle,
    unsupported,
)
from lockgate.loading.making import CorsSection
from lockgate.loading.oas_bodies import BODY_SECTION
from lockgate.loading.oas_parts import (
    ENABLED,
    FINE_DURATION,
    FLAG,
    RATE_LIMIT,
    SOME_DURATION,
    TEXT,
    TEXTS,
    WHOLE,
    section,
    switched,
)
from lockgate.loading.oas_plugins import FIELDS as PLUGINS
from lockgate.loading.oas_scripts import VIRTUAL_ENDPOINT
from lockgate.loading.oas_sections import (
    FromExamples,
    Global,
    Header,
    HeaderTransform,
    Listing,
    MethodTransform,
    Mock,
    Operation,
    Rewrite,
    SizeLimit,
    Timeout,
    TrafficLogs,
)
from lockgate.loading.oas_validation import OWN_OPERATION, VALIDATE_REQUEST
from lockgate.loading.rewrite_triggers import OAS_TRIGGERS

_HEADER: Final = record(Header, {"name": required(string()), "value": required(string())})
# The reference gateway's schema looks at the first item of most lists only.
_HEADERS: Final = list_of(_HEADER, lenient_tail=True)
_HEADER_TRANSFORM: Final = record(
    HeaderTransform,
    {"enabled": ENABLED, "remove": optional(TEXTS, ()), "add": optional(_HEADERS, ())},
)
_LISTING: Final = record(Listing, {"enabled": ENABLED, "ignoreCase": FLAG})
OPERATION: Final = record(
    Operation,
    {
        "allow": optional(_LISTING),
        "block": optional(_LISTING),
        "ignoreAuthentication": optional(_LISTING),
        "internal": optional(toggle()),
        "transformRequestMethod": optional(
            record(MethodTransform, {"enabled": ENABLED, "toMethod": required(string())})
        ),
        "transformRequestHeaders": optional(_HEADER_TRANSFORM),
        "transformResponseHeaders": optional(_HEADER_TRANSFORM),
        "requestSizeLimit": optional(record(SizeLimit, {"enabled": ENABLED, "value": required(integer(0))})),
        "urlRewrite": optional(
            record(
                Rewrite,
                {
                    "enabled": ENABLED,
                    "pattern": required(string()),
                    "rewriteTo": required(string()),
                    "triggers": optional(OAS_TRIGGERS, ()),
                },
            )
        ),
        "mockResponse": optional(
            record(
                Mock,
                {
                    "enabled": ENABLED,
                    "code": optional(integer(), 0),
                    "body": TEXT,
                    "headers": optional(_HEADERS, ()),
                    "fromOASExamples": optional(
                        record(
                            FromExamples,
                            {
                                "enabled": ENABLED,
                                "code": optional(WHOLE, 0),
                                "contentType": TEXT,
                                "exampleName": TEXT,
                            },
                        )
                    ),
                },
            )
        ),
        "validateRequest": optional(VALIDATE_REQUEST),
        "x-lockgate": OWN_OPERATION,
        "rateLimit": unsupported("rateLimit of an endpoint", RATE_LIMIT, restricts=True),
        "transformRequestBody": optional(BODY_SECTION),
        "transformResponseBody": optional(BODY_SECTION),
        "virtualEndpoint": optional(VIRTUAL_ENDPOINT),
        "postPlugins": unsupported(
            "postPlugins of an endpoint",
            list_of(
                switched("functionName path", name=string(), functionName=string(), path=string()),
                lenient_tail=True,
            ),
            restricts=True,
        ),
        "cache": unsupported(
            "cache of an endpoint",
            switched(cacheByRegex=string(), cacheResponseCodes=list_of(WHOLE), timeout=integer(0)),
            consequence="every request reaches the upstream",
        ),
        "enforceTimeout": optional(
            record(
                Timeout,
                {"enabled": ENABLED, "value": required(integer(0)), "duration": optional(FINE_DURATION, "")},
            )
        ),
        "circuitBreaker": unsupported(
            "circuitBreaker",
            switched(
                "threshold sampleSize coolDownPeriod halfOpenStateEnabled",
                threshold=number(0, 1),
                sampleSize=integer(0),
                coolDownPeriod=integer(0),
                halfOpenStateEnabled=boolean(),
            ),
        ),
        "trackEndpoint": optional(toggle()),
        "doNotTrackEndpoint": optional(toggle()),
    },
)
GLOBAL: Final = record(
    Global,
    {
        "transformRequestHeaders": optional(_HEADER_TRANSFORM),
        "transformResponseHeaders": optional(_HEADER_TRANSFORM),
        "requestSizeLimit": optional(record(SizeLimit, {"enabled": ENABLED, "value": required(integer())})),
        "contextVariables": optional(toggle()),
        "ignoreCase": optional(toggle()),
        "cors": optional(
            record(
                CorsSection,
                {
                    "enabled": ENABLED,
                    "maxAge": optional(WHOLE, 0),
                    "allowCredentials": FLAG,
                    "exposedHeaders": optional(TEXTS, ()),
                    "allowedHeaders": optional(TEXTS, ()),
                    "optionsPassthrough": FLAG,
                    "debug": ignored(boolean()),
                    "allowedOrigins": optional(TEXTS, ()),
                    "allowedMethods": optional(TEXTS, ()),
                },
            )
        ),
        "cache": unsupported(
            "cache",
            section(
                {
                    "enabled": boolean(),
                    "timeout": WHOLE,
                    "cacheAllSafeRequests": boolean(),
                    "cacheResponseCodes": list_of(WHOLE),
                    "cacheByHeaders": TEXTS,
                    "enableUpstreamCacheControl": boolean(),
                    "controlTTLHeaderName": string(),
                }
            ),
            consequence="every request reaches the upstream",
            # Without `enabled` it is off.
            active=lambda value: isinstance(value, dict) and value.get("enabled") is True,
        ),
        "trafficLogs": optional(
            record(
                TrafficLogs,
                {
                    "enabled": ENABLED,
                    "tagHeaders": optional(TEXTS, ()),
                    "customRetentionPeriod": optional(SOME_DURATION, ""),
                    "plugins": optional(
                        list_of(
                            record(
                                Toggle,
                                {"enabled": ENABLED, "functionName": ignored(string()), "path": ignored(string())},
                            )
                        ),
                        (),
                    ),
                },
            )
        ),
        **PLUGINS,
        # They only loosen limits that keys have.
        "skipRateLimit": FLAG,
        "skipQuota": FLAG,
        "skipQuotaReset": ignored(boolean()),
    },
)
