"""The keys of ``x-tyk-api-gateway``: which there are, what they must look like, and which of them are built.

This file, ``oas_middleware`` and ``oas_parts`` alone know how the extension spells things. A section that is built
decodes to a type of ``oas_sections``; of any other only its form is checked, because the reference gateway refuses a
document with a malformed one.

Source: behaviour-chain 1.3 and 6.3; Tyk 5.11, "Tyk OAS API definition" reference.
"""

from typing import Any, Final

from lockgate.decoding.shapes import (
    Shape,
    anything,
    boolean,
    choice,
    ignored,
    integer,
    list_of,
    mapping_of,
    number,
    optional,
    record,
    required,
    string,
    toggle,
    unsupported,
    with_any_of,
)
from lockgate.loading.error_rules import OAS_RULES
from lockgate.loading.event_handlers import OAS as EVENT_HANDLERS
from lockgate.loading.oas_authentication import AUTHENTICATION
from lockgate.loading.oas_middleware import GLOBAL, OPERATION
from lockgate.loading.oas_parts import (
    DURATION,
    ENABLED,
    FILLED,
    FINE_DURATION,
    FLAG,
    SWITCH,
    TEXT,
    TEXTS,
    WHOLE,
    is_on,
    section,
    switched,
)
from lockgate.loading.oas_sections import (
    Balancing,
    BalancingTarget,
    Domain,
    DomainCertificate,
    Extension,
    GatewayTags,
    Global,
    Info,
    IpAccessControl,
    Listen,
    Middleware,
    MutualTls,
    OwnKeys,
    RateLimit,
    Server,
    State,
    Timeout,
    TlsTransport,
    UpstreamSection,
    VersioningSection,
    VersionRef,
)
from lockgate.loading.oas_validation import VALIDATE_RESPONSE

EXTENSION: Final = "x-tyk-api-gateway"
OWN: Final = "x-lockgate"
"""Key of our additions, within the extension."""

_INFO: Final = record(
    Info,
    {
        "name": required(FILLED),
        "state": required(record(State, {"active": required(boolean()), "internal": FLAG})),
        "id": TEXT,
        "orgId": TEXT,
        "dbId": ignored(string()),
        "expiration": TEXT,
        "versioning": optional(
            record(
                VersioningSection,
                {
                    "enabled": FLAG,
                    "name": optional(FILLED, ""),
                    "default": TEXT,
                    "location": required(FILLED),
                    "key": optional(FILLED, ""),
                    "versions": optional(
                        list_of(
                            record(VersionRef, {"name": required(FILLED), "id": required(FILLED)}), lenient_tail=True
                        ),
                        (),
                    ),
                    "stripVersioningData": FLAG,
                    "fallbackToDefault": FLAG,
                    "urlVersioningPattern": TEXT,
                },
            )
        ),
    },
)
_SERVER: Final = record(
    Server,
    {
        "listenPath": required(
            record(Listen, {"value": required(FILLED), "strip": FLAG}),
        ),
        "slug": ignored(string()),
        "authentication": optional(AUTHENTICATION),
        "clientCertificates": unsupported(
            "clientCertificates", section({"enabled": boolean(), "allowlist": TEXTS}), restricts=True, active=is_on
        ),
        # What they are for beside records, the setting enable_api_segregation, is not built.
        "gatewayTags": optional(record(GatewayTags, {"enabled": ENABLED, "tags": required(TEXTS)})),
        "customDomain": optional(
            record(
                Domain,
                {"enabled": ENABLED, "name": required(string()), "certificates": ignored(TEXTS)},
            )
        ),
        "detailedActivityLogs": optional(toggle()),
        "detailedTracing": unsupported("detailedTracing", SWITCH, consequence="nothing is recorded"),
        "eventHandlers": EVENT_HANDLERS,
        "contextVariables": ignored(SWITCH),
        "ipAccessControl": optional(
            record(IpAccessControl, {"enabled": FLAG, "allow": optional(TEXTS, ()), "block": optional(TEXTS, ())})
        ),
        "batchProcessing": optional(toggle()),
        "port": unsupported("port", integer(1, 65535), consequence="the API is served on the gateway's port"),
        "protocol": unsupported(
            "protocol",
            choice("http", "https", "h2c"),
            consequence="the API is served with the gateway's protocol",
            active=lambda value: value not in ("", "http"),
        ),
    },
)
_DISCOVERY: Final = switched(
    queryEndpoint=string(),
    dataPath=string(),
    useNestedQuery=boolean(),
    parentDataPath=string(),
    portDataPath=string(),
    useTargetList=boolean(),
    cache=switched(timeout=WHOLE),
    cacheTimeout=WHOLE,
    targetPath=string(),
    endpointReturnsList=boolean(),
)
_DOMAIN_NAME: Final = string(
    pattern=r"^([*a-zA-Z0-9-]+(\.[*a-zA-Z0-9-]+)*)(:\d+)?\Z", expected="a host name such as '*.example.com'"
)
_TLS_VERSION: Final = choice("1.0", "1.1", "1.2", "1.3")
_GRANT: Final[dict[str, Shape[Any]]] = {
    "clientId": FILLED,
    "clientSecret": FILLED,
    "tokenUrl": FILLED,
    "scopes": anything(),
    "header": section({"enabled": boolean(), "name": string()}),
    "extraMetadata": anything(),
}
_WRONG_UPSTREAM: Final = "the API answers 503 instead of sending requests without it"
_UPSTREAM: Final = record(
    UpstreamSection,
    {
        "url": TEXT,
        "preserveHostHeader": optional(toggle()),
        "preserveTrailingSlash": optional(toggle()),
        "rateLimit": optional(
            record(RateLimit, {"enabled": ENABLED, "rate": required(number()), "per": required(DURATION)})
        ),
        "enforceTimeout": optional(record(Timeout, {"enabled": FLAG, "duration": optional(FINE_DURATION, "")})),
        "loadBalancing": optional(
            record(
                Balancing,
                {
                    "enabled": ENABLED,
                    "skipUnavailableHosts": FLAG,
                    "targets": optional(
                        list_of(
                            record(BalancingTarget, {"url": required(string()), "weight": required(number())}),
                            lenient_tail=True,
                        ),
                        (),
                    ),
                },
            )
        ),
        "serviceDiscovery": unsupported("serviceDiscovery", _DISCOVERY, consequence="requests go to upstream.url"),
        "uptimeTests": unsupported(
            "uptimeTests",
            switched(
                hostDownRetestPeriod=FINE_DURATION,
                logRetentionPeriod=FINE_DURATION,
                serviceDiscovery=_DISCOVERY,
                tests=list_of(mapping_of(anything())),
            ),
            consequence="hosts are not tested",
        ),
        "mutualTLS": optional(
            record(
                MutualTls,
                {
                    "enabled": ENABLED,
                    "domainToCertificateMapping": required(
                        list_of(
                            record(
                                DomainCertificate,
                                {"domain": required(_DOMAIN_NAME), "certificate": required(string())},
                            ),
                            lenient_tail=True,
                        )
                    ),
                },
            ),
            name="mutual_tls",
        ),
        "certificatePinning": unsupported(
            "certificatePinning",
            switched(
                "domainToPublicKeysMapping",
                domainToPublicKeysMapping=list_of(
                    section({"domain": _DOMAIN_NAME, "publicKeys": TEXTS}), lenient_tail=True
                ),
            ),
            restricts=True,
            consequence=_WRONG_UPSTREAM,
        ),
        "authentication": unsupported(
            "authentication of the upstream",
            switched(
                basicAuth=switched(
                    "username password",
                    header=section({"enabled": boolean(), "name": string()}),
                    username=FILLED,
                    password=FILLED,
                ),
                oauth=switched(
                    "allowedAuthorizeTypes",
                    allowedAuthorizeTypes=anything(),
                    clientCredentials=section(_GRANT, needs="clientId clientSecret tokenUrl"),
                    password=section(
                        {**_GRANT, "username": FILLED, "password": FILLED},
                        needs="clientId tokenUrl username password",
                    ),
                ),
                requestSigning=switched(
                    signatureHeader=string(),
                    algorithm=string(),
                    keyId=string(),
                    headers=TEXTS,
                    secret=string(),
                    certificateId=string(),
                ),
            ),
            restricts=True,
            consequence=_WRONG_UPSTREAM,
        ),
        "tlsTransport": optional(
            record(
                TlsTransport,
                {
                    "insecureSkipVerify": FLAG,
                    "ciphers": optional(TEXTS, ()),
                    "minVersion": optional(_TLS_VERSION, ""),
                    "maxVersion": optional(_TLS_VERSION, ""),
                    "forceCommonNameCheck": unsupported(
                        "forceCommonNameCheck", boolean(), consequence="the upstream's certificate is verified as usual"
                    ),
                },
            ),
            TlsTransport(),
        ),
        "proxy": unsupported("proxy", switched(url=string()), consequence="the upstream is reached directly"),
    },
)
SHAPE: Final = record(
    Extension,
    {
        "info": required(_INFO),
        "upstream": required(with_any_of(_UPSTREAM, "url", "loadBalancing")),
        "server": required(_SERVER),
        "middleware": optional(
            record(
                Middleware,
                {
                    "global": optional(GLOBAL, Global(), name="global_"),
                    "operations": optional(mapping_of(OPERATION, keys=r"\S"), {}),
                },
            ),
            Middleware(),
        ),
        "errorOverrides": optional(OAS_RULES),
        OWN: optional(
            record(OwnKeys, {"strict": FLAG, "validateResponse": optional(VALIDATE_RESPONSE)}), OwnKeys(), name="own"
        ),
    },
)
"""Of the whole extension."""
