"""What loading says of every example of the reference documentation.

The table was looked through line by line. Most examples are fragments, which no gateway loads: a part of a definition
("unknown-format"), text that is no JSON by itself ("bad-json"), or an extension without its OpenAPI document.
"""

from collections import Counter
from pathlib import Path

import pytest

from lockgate.loading import load
from lockgate.settings import Settings

ROOT = Path(__file__).parents[3] / "shared" / "reference" / "examples"

TABLE = """
allow-list/01-oas-example-allow-list.json: 1
allow-list/02-classic-white-list.json: 0 unknown-format
allow-list/03-operator-httpbin-whitelist.yaml: 1
block-list/01-oas-example-block-list.json: 1
block-list/02-classic-black-list.json: 0 bad-json
block-list/03-operator-httpbin-blacklist.yaml: 1
cache/01-classic-cache-options-basic.json: 0 bad-json
cache/02-classic-cache-by-headers.json: 0 bad-json
cache/03-oas-example-endpoint-cache.json: 1 unknown-key unsupported-section
cache/04-classic-simple-endpoint-cache.json: 0 bad-json
cache/05-classic-advanced-endpoint-cache.json: 0 unknown-format
cache/06-operator-simple-cache.yaml: 1 unsupported-section*2
cache/07-operator-advanced-cache.yaml: 1 unsupported-section*2
cache/08-classic-upstream-cache-control.json: 0 bad-json
cache/09-classic-cache-control-ttl-header.json: 0 bad-json
cache/12-gateway-separate-cache-store.json: 0 unknown-format
circuit-breaker/01-oas-example-breaker.json: 1 unsupported-section
circuit-breaker/02-classic-circuit-breakers.json: 0 unknown-format
circuit-breaker/03-operator-timeout-breaker.yaml: 1 unsupported-section
context-variables/01-header-values.json: 0 bad-json
context-variables/02-operator-enable-context-vars.yaml: 1
do-not-track/01-oas-traffic-logs-disabled.json: 0 bad-json
do-not-track/02-oas-example-do-not-track.json: 1
do-not-track/03-classic-do-not-track-endpoints.json: 0 unknown-format
do-not-track/04-operator-do-not-track-api.yaml: 1
do-not-track/05-operator-endpoint-tracking.yaml: 1
enforced-timeout/01-oas-api-level.json: 0 bad-json
enforced-timeout/02-classic-global-enforce-timeout.json: 0 bad-json
enforced-timeout/03-oas-endpoint-level.json: 0 bad-json
enforced-timeout/04-classic-hard-timeouts.json: 0 bad-json
enforced-timeout/05-oas-example-timeout.json: 1
enforced-timeout/06-classic-hard-timeouts-seconds.json: 0 unknown-format
enforced-timeout/07-operator-timeout-breaker.yaml: 1 unsupported-section
go-templates/02-function-call.output.json: 0 unknown-format
go-templates/03-json-transform.input.json: 0 unknown-format
go-templates/03-json-transform.output.json: 0 bad-json
go-templates/05-jsonmarshal.output.json: 0 unknown-format
go-templates/06-xmlmarshal.input.json: 0 unknown-format
ignore-authentication/01-oas-example-ignore-authentication.json: 1
ignore-authentication/02-classic-ignored.json: 0 unknown-format
ignore-authentication/03-operator-httpbin-ignored.yaml: 1
import/04-servers-before-import.yaml: 0 unknown-format
import/05-servers-after-import.yaml: 0 missing-key*4
import/06-servers-relative-url.yaml: 0 unknown-format
import/07-relative-url-error.json: 0 unknown-format
import/09-classic-create-answer.json: 0 unknown-format
import/15-dashboard-import-swagger-answer.json: 0 unknown-format
import/17-dashboard-import-blueprint-answer.json: 0 unknown-format
internal-endpoint/01-oas-internal-api.json: 0 bad-json
internal-endpoint/02-oas-internal-operation.json: 0 bad-json
internal-endpoint/03-classic-internal.json: 0 bad-json
internal-endpoint/04-oas-example-internal-endpoint.json: 1
internal-endpoint/05-classic-internal-status-200.json: 0 unknown-format
internal-endpoint/06-operator-endpoint-internal.yaml: 1
javascript-plugins/07-oas-virtual-endpoint-session.json: 0 bad-json
javascript-plugins/08-classic-virtual-session.json: 0 bad-json
javascript-plugins/09-oas-plugin-config-data.json: 0 missing-key*6
javascript-plugins/10-classic-config-data.json: 0 unknown-format
javascript-plugins/19-classic-custom-middleware.json: 0 bad-json
javascript-plugins/20-gateway-enable-jsvm.json: 0 bad-json
javascript-plugins/21-classic-waf-custom-middleware.json: 0 bad-json
javascript-plugins/23-oas-plugin-config-driver.json: 0 bad-json
javascript-plugins/24-oas-post-authentication-plugins.json: 0 bad-json
javascript-plugins/25-oas-all-plugin-phases.json: 0 missing-key*5
javascript-plugins/26-classic-all-plugin-phases.json: 0 unknown-format
javascript-plugins/27-gateway-bundle-downloader.json: 0 bad-json
javascript-plugins/28-bundle-manifest-python.json: 0 unknown-format
javascript-plugins/29-oas-plugin-bundle.json: 1 unsupported-bundle
javascript-plugins/30-classic-plugin-bundle.json: 1 unsupported-bundle
javascript-plugins/31-gateway-bundle-public-key.json: 0 unknown-format
javascript-plugins/33-bundle-manifest-javascript.json: 0 unknown-format
javascript-plugins/35-event-object.json: 0 unknown-format
javascript-plugins/38-classic-dynamic-event-handler.json: 0 unknown-format
jq-transforms/01-classic-transform-jq.json: 0 bad-json
kv-store/01-gateway-node-secret-vault.json: 0 unknown-format
kv-store/02-oas-upstream-env.json: 0 missing-key*5 missing-secret
kv-store/03-oas-url-rewrite-consul.json: 0 bad-json
kv-store/04-body-template-secret-env.json: 0 unknown-format
kv-store/05-rewrite-to-env.json: 0 unknown-format
kv-store/06-rewrite-to-secret-env.json: 0 unknown-format
kv-store/07-gateway-secrets.json: 0 unknown-format
kv-store/08-oas-auth-header-name-secrets.json: 0 missing-key*6 missing-secret unknown-key
kv-store/09-gateway-kv-consul.json: 0 unknown-format
kv-store/10-gateway-kv-vault.json: 0 unknown-format
kv-store/12-gateway-kv-file.json: 0 unknown-format
looping/01-oas-books-api-url-rewrite.json: 0 bad-json
looping/02-oas-download-api.json: 0 bad-json
mock-response/01-oas-manual-health.json: 0 bad-json
mock-response/02-oas-from-oas-examples.json: 0 bad-json
mock-response/03-classic-white-list-health.json: 0 bad-json
mock-response/04-oas-legacy-download-410.json: 0 bad-json
mock-response/05-classic-legacy-download-410.json: 0 bad-json
mock-response/06-openapi-example.json: 0 unknown-format
mock-response/07-openapi-examples.json: 0 unknown-format
mock-response/08-openapi-schema-and-headers.json: 0 unknown-format
mock-response/09-oas-example-mock-response1.json: 1
mock-response/10-oas-example-mock-response2.json: 1
mock-response/11-oas-example-mock-response3.json: 1
mock-response/12-classic-white-list-anything.json: 0 unknown-format
mock-response/13-operator-mock-foo.yaml: 1
mock-response/14-classic-ignored-mock.json: 0 bad-json
operator/01-looping-url-rewrite-source.yaml: 0 unknown-format
operator/02-looping-url-rewrite-generated.yaml: 0 unknown-format
operator/03-looping-trigger-source.yaml: 0 unknown-format
operator/04-looping-trigger-generated.yaml: 0 unknown-format
operator/05-looping-target-internal.yaml: 1
operator/06-looping-target-internal-generated.yaml: 0 unknown-format
operator/07-looping-entrypoint-api.yaml: 1
operator/08-looping-basic-auth-internal.yaml: 1
operator/09-looping-auth-token-internal.yaml: 1
operator/10-looping-proxy-api.yaml: 1
operator/11-classic-custom-middleware-goplugin.json: 0 unknown-format
operator/13-javascript-pre-hook.yaml: 1 missing-script
operator/14-subgraph.yaml: 0 unsupported-kind
operator/15-subgraph-api.yaml: 0 bad-yaml
operator/16-supergraph.yaml: 0 unsupported-kind
operator/17-supergraph-api.yaml: 0 bad-yaml
operator/18-federation-users.yaml: 1 unsupported-kind unsupported-restriction
operator/19-federation-posts.yaml: 1 unsupported-kind unsupported-restriction
operator/20-federation-supergraph.yaml: 1 unsupported-kind unsupported-restriction
operator/21-operator-context.yaml: 0 bad-yaml
operator/22-operator-context-secret.yaml: 0
operator/23-api-context-ref.yaml: 1
operator/24-mcp-config-map.yaml: 0
operator/25-mcp-proxy-definition.yaml: 0 unsupported-kind
operator/26-mcp-policy-acl.yaml: 0 unsupported-kind
operator/27-mcp-policy-rate-limit.yaml: 0 unsupported-kind
operator/28-ingress-basic.yaml: 0
operator/29-ingress-annotations.yaml: 0 unknown-format
operator/30-ingress-template-label-classic.yaml: 0 unknown-format
operator/31-ingress-template-label-oas.yaml: 0 unknown-format
operator/32-ingress-host-and-path-routing.yaml: 0
operator/33-ingress-https-cert-manager.yaml: 0
operator/34-ingress-api-template.yaml: 0 ingress-template
operator/35-ingress-uses-api-template.yaml: 0
operator/36-ingress-oas-template.yaml: 0 ingress-template
operator/37-ingress-uses-oas-template.yaml: 0
operator/39-ingress-api-name-example.yaml: 0
operator/40-api-name.yaml: 1
operator/41-inactive-api.yaml: 0 inactive-api
operator/42-internal-api.yaml: 1
operator/43-existing-api-id.yaml: 0 wrong-type
operator/44-oas-categories.yaml: 0 missing-config-map
operator/45-classic-categories.yaml: 1
operator/46-oas-versioning.yaml: 0 missing-config-map*2
operator/47-operator-context-owners.yaml: 0 bad-yaml
operator/48-oas-context-ref.yaml: 1
operator/49-classic-context-ref.yaml: 1
operator/50-two-operator-contexts.yaml: 0
operator/51-api-with-context.yaml: 0 missing-key
operator/60-oas-petstore.json: 1
operator/61-oas-petstore-resource.yaml: 0 missing-config-map
operator/62-oas-petstore-config-map.yaml: 1
operator/63-oas-petstore-protected.json: 1
operator/64-oas-petstore-resource-repeat.yaml: 0 missing-config-map
operator/65-httpbin.yaml: 1
operator/69-httpbin-keyed.yaml: 1
operator/71-keyless.yaml: 1
operator/72-auth-token.yaml: 1
operator/73-jwt.yaml: 1 unsupported-kind unsupported-restriction
operator/74-basic-auth.yaml: 1 unsupported-restriction
operator/75-go-plugin-auth.yaml: 1 unsupported-restriction*2
operator/76-grpc-plugin-auth.yaml: 1 unsupported-restriction*2
operator/77-multiple-auth.yaml: 1 unsupported-restriction*2
operator/78-ip-allow-list.yaml: 1
operator/79-ip-block-list.yaml: 1
operator/80-graphql.yaml: 1 unsupported-restriction
operator/81-http-proxy.yaml: 1
operator/82-host-based-proxy.yaml: 1 unused-domain
operator/83-https-proxy.yaml: 1 unsupported-section*2
operator/84-load-balancing.yaml: 1
operator/85-tcp-proxy.yaml: 0 unsupported-protocol unsupported-section
operator/86-udg-v2.yaml: 1 unsupported-restriction
operator/87-udg-v1.yaml: 1 unsupported-restriction
operator/88-streams.json: 1 unsupported-section
operator/89-streams-resource.yaml: 0 unsupported-kind
operator/90-security-policy.yaml: 0 unsupported-kind
operator/91-policy-tags.yaml: 0 unknown-format
operator/92-policy-meta-data.yaml: 0 unknown-format
operator/93-policy-per-api-limits.yaml: 0 unsupported-kind
operator/94-policy-per-endpoint-limits.yaml: 0 unsupported-kind
operator/95-policy-allowed-urls.yaml: 0 unsupported-kind
operator/96-policy-partitioned.yaml: 0 unsupported-kind
operator/97-existing-api-id-fragment.json: 0 bad-json
operator/98-existing-api.yaml: 1
other/02-error-overrides-rule-structure.json: 0 bad-json
other/04-error-override-match-body-field.json: 0 bad-json
other/05-error-override-rfc7807-template.json: 0 bad-json
other/06-gateway-error-overrides.json: 0 bad-json
other/07-oas-error-overrides.json: 0 bad-json
other/08-classic-error-overrides.json: 0 unknown-format
other/09-gateway-override-messages.json: 0 bad-json
other/10-classic-event-log-handler.json: 0 unknown-format
other/12-webhook-payload.json: 0 unknown-format
other/13-oas-local-webhook.json: 1 unsupported-restriction unsupported-section
other/14-oas-global-webhook.json: 1 unsupported-restriction unsupported-section
other/15-classic-webhook.json: 0 unknown-format
other/16-operator-webhook.yaml: 1 unsupported-section
other/17-classic-event-log-handler-repeat.json: 0 unknown-format
other/18-gateway-quota-monitor.json: 0 unknown-format
other/19-quota-monitor-payload.json: 0 bad-json
other/20-oas-base-api.json: 1 missing-version
other/21-oas-versioning-disabled.yaml: 0 missing-key*7
other/22-classic-two-versions.json: 0 missing-key
other/23-operator-versioned-api.yaml: 1
other/30-batch-request.json: 0 unknown-format
other/31-batch-response.json: 0 unknown-format
other/40-classic-file-based-api.json: 1
other/42-classic-auth-configs.json: 0 unknown-format
other/43-classic-service-discovery.json: 0 bad-json
other/44-service-discovery-answer.json: 0 unknown-format
other/45-service-discovery-answer-nested.json: 0 unknown-format
other/46-classic-transport.json: 0 unknown-format
other/47-classic-uptime-tests-short.json: 0 unknown-format
other/48-classic-uptime-tests-long.json: 0 unknown-format
other/49-oas-tls-transport.json: 0 unknown-format
other/50-operator-global-rate-limit.yaml: 1 unsupported-restriction
other/51-classic-rate-limit-simple.json: 0 unknown-format
other/52-classic-rate-limit-advanced.json: 0 unknown-format
other/53-oas-rate-limit-simple.json: 1 unsupported-restriction
other/54-oas-rate-limit-advanced.json: 0 bad-parameters unsupported-restriction
other/55-oas-load-balancing.yaml: 0 missing-key*5
other/56-classic-load-balancing.json: 0 bad-json
other/60-oas-endpoint-post-plugins.json: 1 unsupported-restriction
other/61-classic-go-plugin.json: 0 unknown-format
other/70-openapi-auth-token-scheme.yaml: 0 unknown-format
other/71-oas-auth-token.yaml: 0 missing-key*6
other/72-oas-auth-token-locations.yaml: 0 missing-key*6
other/74-openapi-basic-auth-scheme.yaml: 0 unknown-format
other/75-oas-basic-auth.yaml: 0 missing-key*6
other/76-oas-basic-auth-locations.yaml: 0 missing-key*6
other/77-oas-basic-auth-body.yaml: 0 missing-key*6
recorded/dx-allow-list.yaml: 0 unknown-format
recorded/dx-analytics-flags.yaml: 0 unknown-format
recorded/dx-base-api.yaml: 0 unknown-format
recorded/dx-block-list.yaml: 0 unknown-format
recorded/dx-circuit-breaker.yaml: 0 unknown-format
recorded/dx-classic-file.yaml: 0 unknown-format
recorded/dx-do-not-track.yaml: 0 unknown-format
recorded/dx-endpoint-cache-with-global.yaml: 0 unknown-format
recorded/dx-endpoint-cache.yaml: 0 unknown-format
recorded/dx-endpoint-plugin.yaml: 0 unknown-format
recorded/dx-global-webhook.yaml: 0 unknown-format
recorded/dx-ignore-authentication.yaml: 0 unknown-format
recorded/dx-internal-endpoint.yaml: 0 unknown-format
recorded/dx-local-webhook.yaml: 0 unknown-format
recorded/dx-mock-by-hand.yaml: 0 unknown-format
recorded/dx-mock-by-request-headers.yaml: 0 unknown-format
recorded/dx-mock-from-example-code.yaml: 0 unknown-format
recorded/dx-mock-from-example.yaml: 0 unknown-format
recorded/dx-petstore-protected.yaml: 0 unknown-format
recorded/dx-petstore.yaml: 0 unknown-format
recorded/dx-plugin-bundle-classic.yaml: 0 unknown-format
recorded/dx-plugin-bundle.yaml: 0 unknown-format
recorded/dx-rate-limit-wildcard-declared.yaml: 0 unknown-format
recorded/dx-rate-limit-wildcard.yaml: 0 unknown-format
recorded/dx-rate-limit.yaml: 0 unknown-format
recorded/dx-request-body-with-context.yaml: 0 unknown-format
recorded/dx-request-body.yaml: 0 unknown-format
recorded/dx-request-headers-both-levels.yaml: 0 unknown-format
recorded/dx-request-headers-endpoint.yaml: 0 unknown-format
recorded/dx-request-headers.yaml: 0 unknown-format
recorded/dx-request-method.yaml: 0 unknown-format
recorded/dx-request-size.yaml: 0 unknown-format
recorded/dx-response-body-with-context.yaml: 0 unknown-format
recorded/dx-response-body.yaml: 0 unknown-format
recorded/dx-response-headers-both-levels.yaml: 0 unknown-format
recorded/dx-response-headers-endpoint.yaml: 0 unknown-format
recorded/dx-response-headers.yaml: 0 unknown-format
recorded/dx-streams.yaml: 0 unknown-format
recorded/dx-strict-paths-allow-list.yaml: 0 unknown-format
recorded/dx-timeout.yaml: 0 unknown-format
recorded/dx-track-endpoint.yaml: 0 unknown-format
recorded/dx-url-rewrite-triggers.yaml: 0 unknown-format
recorded/dx-url-rewrite.yaml: 0 unknown-format
recorded/dx-validate-request.yaml: 0 unknown-format
recorded/dx-virtual-endpoint.yaml: 0 unknown-format
request-body/01-oas-example-request-body-transform.json: 1 template-unescaped-json*4
request-body/03-classic-transform-file.json: 0 unknown-format
request-body/04-operator-httpbin-transform.yaml: 1 template-unescaped-json
request-headers/01-oas-api-level.json: 1
request-headers/02-oas-endpoint-level.json: 1
request-headers/03-classic-global-headers.json: 0 bad-json
request-headers/04-classic-transform-headers.json: 0 unknown-format
request-headers/05-operator-global-headers.yaml: 1
request-headers/06-operator-transform-headers.yaml: 1 template-unescaped-json
request-headers/07-classic-rename-header.json: 0 bad-json
request-method/01-oas-example-request-method.json: 1
request-method/02-classic-method-transforms.json: 0 unknown-format
request-method/03-operator-method-transforms.yaml: 1
request-size-limits/01-gateway-max-request-body-size.json: 0 bad-json
request-size-limits/02-oas-api-level.json: 0 bad-json
request-size-limits/03-oas-example-request-size-limit.json: 1
request-size-limits/04-classic-global-size-limit.json: 0 bad-json
request-size-limits/05-classic-size-limits.json: 0 unknown-format
request-size-limits/06-operator-global-limit.yaml: 1
request-size-limits/07-operator-endpoint-limit.yaml: 1
request-validation/01-oas-example-validate-request.json: 1
request-validation/02-classic-validate-json.json: 0 unknown-format
request-validation/03-json-schema-draft-07.json: 0 unknown-format
request-validation/04-operator-validate-json.yaml: 1
response-body/01-oas-example-response-body-transform.json: 1 template-unescaped-json*4
response-body/03-classic-transform-response-file.json: 0 unknown-format
response-body/04-classic-response-processors.json: 0 unknown-format
response-body/05-operator-httpbin-transform.yaml: 1 template-unescaped-json
response-body/06-operator-httpbin-transform-before-5-3.yaml: 1 template-unescaped-json
response-headers/01-oas-api-level.json: 1
response-headers/02-oas-endpoint-level.json: 1
response-headers/03-classic-response-processors.json: 0 unknown-format
response-headers/04-classic-global-response-headers.json: 0 bad-json
response-headers/05-classic-transform-response-headers.json: 0 bad-json
response-headers/06-classic-header-transform-rev-proxy.json: 0 unknown-format
response-headers/07-operator-global-header.yaml: 1
response-headers/08-operator-transform-response-headers.yaml: 1 template-unescaped-json
response-headers/09-operator-transform-response-headers-before-5-3.yaml: 1 template-unescaped-json
session/01-allowed-urls.json: 0 bad-json
session/03-policy-partitions.json: 0 unknown-format
session/04-gateway-policies-file.json: 0 bad-json
session/05-policies-file.json: 0 unknown-format
session/08-monitor-trigger-limits.json: 0 bad-json
session/09-policies-json.json: 0 unknown-format
session/11-gateway-create-key-answer.json: 0 unknown-format
session/14-session-with-policies.json: 0 unknown-format
session/15-session-two-apis.json: 0 unknown-format
session/16-allowed-urls.json: 0 bad-json
session/17-policy-allowed-urls.json: 0 bad-json
session/18-policy-partitions-complexity.json: 0 bad-json
session/19-policies-same-partitions.json: 0 unknown-format
session/20-policies-different-partitions.json: 0 unknown-format
session/21-policies-partitioned-and-not.json: 0 unknown-format
session/22-session-access-key.json: 0 unknown-format
session/23-session-object.json: 0 unknown-format
session/24-classic-session-lifetime.json: 0 bad-json
soap-to-rest/01-request.input.json: 0 unknown-format
soap-to-rest/02-response.output.json: 0 unknown-format
soap-to-rest/03-client-request-body.json: 0 unknown-format
track-endpoint/01-gateway-enable-analytics.json: 0 unknown-format
track-endpoint/02-oas-track-endpoint.yaml: 0 missing-key*6
track-endpoint/03-operator-detailed-recording.yaml: 1
track-endpoint/04-session-detailed-recording.json: 0 bad-json
track-endpoint/05-gateway-detailed-recording.json: 0 unknown-format
track-endpoint/06-oas-tag-headers.yaml: 0 missing-key*7
track-endpoint/07-operator-tag-headers.yaml: 1
track-endpoint/08-traffic-log-record.json: 0 unknown-format
track-endpoint/09-oas-example-track-endpoint.json: 1
track-endpoint/10-classic-track-endpoints.json: 0 bad-json
url-matching/02-openapi-path-parameter-pattern.yaml: 0 unknown-format
url-matching/03-classic-track-endpoint-regex.json: 0 bad-json
url-rewriting/02-oas-basic-trigger.json: 0 bad-json
url-rewriting/03-oas-advanced-triggers.json: 0 bad-json
url-rewriting/04-classic-basic-trigger.json: 0 bad-json
url-rewriting/05-classic-advanced-triggers.json: 0 bad-json
url-rewriting/06-oas-worked-example.json: 0 bad-json
url-rewriting/08-oas-example-url-rewrite.json: 1
url-rewriting/10-oas-example-url-rewrite2.json: 1
url-rewriting/11-classic-url-rewrites.json: 0 bad-json
url-rewriting/13-classic-url-rewrites-triggers.json: 0 bad-json
url-rewriting/14-operator-url-rewrite.yaml: 1
url-rewriting/15-operator-url-rewrite-advanced.yaml: 1
virtual-endpoints/01-oas-example-virtual-endpoint.json: 1
virtual-endpoints/02-oas-plugin-config-data.json: 0 unknown-format
virtual-endpoints/04-classic-virtual.json: 0 unknown-format
virtual-endpoints/06-operator-virtual.yaml: 1
virtual-endpoints/09-custom-attributes.json: 0 unknown-format
"""
"""Of each file: how many APIs are served (also those that answer 503), and the sorted codes of its problems."""

ROWS = dict(line.split(": ", 1) for line in TABLE.strip().splitlines())

pytestmark = pytest.mark.skipif(
    not ROOT.is_dir(), reason=f"the examples are not there: {ROOT.name} beside the repository"
)


def found(name):
    loaded = load([ROOT / name], Settings(), environ={})
    codes = Counter(problem.code for problem in loaded.problems)
    shown = [code if times == 1 else f"{code}*{times}" for code, times in sorted(codes.items())]
    return " ".join([str(len(loaded.definitions)), *shown])


@pytest.mark.parametrize("name", ROWS)
def test_examples(name):
    assert found(name) == ROWS[name]


def test_every_example_is_in_the_table():
    names = {
        f"{file.parent.name}/{file.name}"
        for file in ROOT.rglob("*")
        if file.suffix in (".json", ".yaml") and ".expect." not in file.name and ".cases." not in file.name
    }
    assert names == set(ROWS)
