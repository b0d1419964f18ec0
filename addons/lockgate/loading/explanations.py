"""What each problem code means and how to mend it, for ``lockgate explain CODE``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Explanation:
    """One code, for people."""

    title: str
    """A few words."""
    meaning: str
    """What was found, and what it does to the API."""
    remedy: str
    """What to do."""


EXPLANATIONS: Final[Mapping[str, Explanation]] = {
    # files and syntax
    "unreadable": Explanation(
        "a file cannot be read",
        "The file or folder is not there, may not be read, or is larger than any definition. Nothing of it is served.",
        "Check its name, its permissions and its size.",
    ),
    "bad-json": Explanation(
        "the file is not JSON",
        "JSON is read as strictly as Tyk reads it: no comments, no trailing commas, no NaN. Nothing of the file is "
        "served.",
        "Go to the line and column that the problem names; the mistake is there or just before it.",
    ),
    "bad-yaml": Explanation(
        "the file is not YAML",
        "The file breaks YAML's rules, is nested too deeply, or uses aliases that stand for too much. Nothing of it "
        "is served.",
        "Go to the line that the problem names; wrong indentation is the usual cause.",
    ),
    "duplicate-key": Explanation(
        "a key stands twice in one object",
        "Only the last of the two counts, as on Tyk. What stands under the first one has no effect.",
        "Remove one of them, or merge the two.",
    ),
    "unknown-format": Explanation(
        "the file is no API definition",
        "The document is none of Tyk OAS, Tyk Classic and Tyk Operator resources. It is not served.",
        "Move the file out of the folder of definitions, or add what is missing: an OpenAPI document needs "
        "x-tyk-api-gateway.",
    ),
    "unsupported-kind": Explanation(
        "a Tyk resource that a gateway does not serve",
        "The resource belongs to other parts of Tyk (portal, GraphQL federation, policies), or is a kind of API that "
        "Lockgate does not serve yet (streams, MCP). The other resources of the file are loaded.",
        "Remove it from the folder of definitions if the message is in the way.",
    ),
    "unsupported-protocol": Explanation(
        "the API is not an HTTP API",
        "Its protocol is tcp or tls. Lockgate serves HTTP APIs; this one is not served.",
        "Serve the API elsewhere.",
    ),
    "ingress-template": Explanation(
        "a template for Ingress resources",
        'The resource has the label template: "true". Tyk Operator makes APIs of it where an Ingress asks for them, '
        "and does not serve it itself. Lockgate makes no APIs of Ingress resources.",
        "Write the API as a resource of its own, or remove the label.",
    ),
    "missing-config-map": Explanation(
        "a ConfigMap is not among the files",
        "A TykOasApiDefinition names the ConfigMap that holds its OpenAPI document. It is looked for in all files of "
        "the load, by namespace, name and key. The API is not served.",
        "Put the ConfigMap into the folder, or correct the reference. A resource without namespace is in 'default'.",
    ),
    "missing-companion": Explanation(
        "the OpenAPI document of an API is missing",
        "A definition with is_oas: true is a projection of an OpenAPI document, which stands beside it as X-oas.json. "
        "Validation and mock responses are in the document alone, so the API is not served without it.",
        "Put the document beside it, or set is_oas to false if the definition says it all.",
    ),
    # form
    "wrong-type": Explanation(
        "a value has the wrong type",
        "For example a text where a number is expected, or null where an object is. Tyk refuses such a definition; it "
        "is not served here either.",
        'Write the value with the type that the problem names: true, not "true".',
    ),
    "missing-key": Explanation(
        "a key that must be there is missing",
        "Tyk refuses a definition without it; it is not served here either. Sections of x-tyk-api-gateway need "
        "'enabled' nearly everywhere.",
        "Add the key to the object that the problem points to.",
    ),
    "unknown-key": Explanation(
        "a key is not known",
        "The key is none of those that Tyk's format has at this place. It has no effect, here as on Tyk.",
        "Check its spelling, its case, and whether it belongs one level further up or down.",
    ),
    "unknown-security-scheme": Explanation(
        "a security scheme is not there",
        "The document's 'security' names a scheme that 'components.securitySchemes' does not have. It asks for nothing: "
        "where no other scheme is named with it, a key in the Authorization header is asked for, as on Tyk.",
        "Correct the name, or add the scheme.",
    ),
    "not-allowed": Explanation(
        "OpenAPI does not allow this here",
        "OpenAPI 3.0 forbids keys that it does not know, other than extensions that begin with x-. Tyk refuses such a "
        "document; it is not served here either.",
        "Correct the key, remove it, or make it an extension. A keyword of OpenAPI 3.1 needs 'openapi' to be 3.1.0.",
    ),
    "bad-value": Explanation(
        "a value is not one of those that may stand here",
        "The type is right, but the value is outside its range, or contradicts another one.",
        "Choose one of the values that the problem names.",
    ),
    "bad-duration": Explanation(
        "a text is no duration",
        "Durations are hours, minutes and seconds in this order: '1h30m', '10s'.",
        "Write it in that form.",
    ),
    "bad-certificate": Explanation(
        "a certificate cannot be used",
        "A file that a certificate and its key are to be read from is not there, or does not hold them in PEM.",
        "Put the certificate with its chain, then its key, into the file. Paths are relative to the settings' file.",
    ),
    "bad-openapi-version": Explanation(
        "the OpenAPI version is not supported",
        "Versions 3.0 and 3.1 are, with three parts. Swagger 2.0 documents and others are not served.",
        "Convert the document, and write the version in full: '3.0.3'.",
    ),
    "bad-parameters": Explanation(
        "path and path parameters do not fit together",
        "OpenAPI asks for one parameter with in: path for each placeholder of a path, at the path or at each of its "
        "operations, and no others. Tyk refuses a document where they differ; it is not served here either.",
        "Add the missing parameter, or remove the one that has no placeholder.",
    ),
    "duplicate-operation": Explanation(
        "two operations have one id",
        "Middleware is tied to operations by their operationId, which therefore has to be unique. Tyk refuses the "
        "document; it is not served here either.",
        "Give one of them another operationId, and its middleware with it.",
    ),
    "unknown-operation": Explanation(
        "middleware for an operation that is not there",
        "No operation of the document has the id under which this middleware stands, so that it has no effect, here "
        "as on Tyk.",
        "Spell it as the operationId of the operation; case counts.",
    ),
    "bad-pattern": Explanation(
        "a regular expression does not compile",
        "Patterns are those of Go (RE2): no look-around, no back-references, no count above 1000. An endpoint whose "
        "path does not compile loses its middleware; a rewrite answers 500; a schema makes Tyk refuse the document.",
        "Rewrite the pattern without what Go does not have, and escape characters that are meant as they are.",
    ),
    "empty-rule": Explanation(
        "a trigger's rule has nothing to look for",
        "A rule for the body of a request with an empty pattern is no rule, here as on Tyk. A trigger with no other "
        "fires for every request under 'all', and for none under 'any'.",
        "Write a pattern, such as '.' for a body that is not empty, or remove the rule.",
    ),
    "duplicate-rule": Explanation(
        "two rules of a trigger look at the same value",
        "Under 'all' both have to match, under 'any' one of them. Tyk takes the last of rules with the same 'in' and "
        "'name', and loses the others.",
        "Make one pattern of them, so that the definition means the same on both.",
    ),
    "trigger-without-rules": Explanation(
        "a trigger of a rewrite has no rules",
        "With the condition 'all' it fires for every request, so that triggers behind it and the rewrite's own target "
        "are never used; with 'any' it never fires. So it is on Tyk.",
        "Give it a rule, or remove it.",
    ),
    "path-rule": Explanation(
        "a rule for the path is not about one segment",
        "The pattern of a rule with 'in: path' is compared with every segment of the path, those of the listen path "
        "too, whatever the rule's name; one that matches is enough. Negated, one that does not match is enough, and "
        "the empty text before the first slash is one. So it is on Tyk.",
        "Write a pattern that only the wanted segment matches, or let the rewrite's own pattern do it.",
    ),
    "unsupported-schema": Explanation(
        "a schema of the document cannot be used to validate",
        "validateRequest or validateResponse is on for an operation whose parameters, bodies or schemas do not compile: "
        "a reference leads to nothing or out of the document, or a keyword has a value that it cannot have. Requests "
        "cannot be validated as they should be, so the whole API answers 503 instead of being served without it; "
        "responses that would only be reported on are not looked at.",
        "Go to the place that the problem names and mend it there, or switch the validation of that operation off.",
    ),
    "unsupported-pattern": Explanation(
        "the path of a protecting entry does not compile",
        "The endpoint carries an allow list, a block list, an internal entry or a size limit, and its path is no "
        "regular expression. Without the entry the API would be open, so every request of it is answered with 503.",
        "Escape the characters of the path that are meant as they are.",
    ),
    # meaning
    "bad-listen-path": Explanation(
        "the listen path cannot be served",
        "A listen path has no blanks; its braces are balanced, each with a name in it; a pattern in it compiles. The "
        "API is not served.",
        "Correct the listen path: '/pets/' or '/{tenant:[a-z]+}/'.",
    ),
    "unclean-listen-path": Explanation(
        "the listen path is not in its clean form",
        "It has no slash in front, or '//', '.' or '..' in it. Tyk takes it and never serves it. Here it is served as "
        "it is meant.",
        "Write the clean form, so that the definition works on both.",
    ),
    "escaped-listen-path": Explanation(
        "the listen path has a percent-escape in it",
        "Listen paths are compared with decoded paths: '/a%20b/' is reached as '/a%2520b/' only.",
        "Write the character itself instead of its escape.",
    ),
    "bad-url": Explanation(
        "the upstream's URL cannot be used",
        "It cannot be parsed (Tyk refuses the definition; it is not served here either), or it has no scheme or host, "
        "or a scheme other than http, https and tyk: then every request that no rewrite sends elsewhere is answered "
        "with 500.",
        "Write a whole URL: 'https://example.org/base'.",
    ),
    "bad-domain": Explanation(
        "the custom domain is no host name",
        "A domain is a host name without port, or a template such as '{tenant}.example.com'. The API is not served.",
        "Correct the domain.",
    ),
    "unused-domain": Explanation(
        "the custom domain has no effect",
        "The gateway's setting enable_custom_domains is off, so that domains of APIs are not looked at, as on Tyk. The "
        "API is served whatever the Host of a request.",
        "Set enable_custom_domains to true in the gateway's settings, or remove the domain.",
    ),
    "bad-version-location": Explanation(
        "no request can name a version",
        "Requests name the version in a header ('header'), in a query parameter ('url-param') or in the path ('url'). "
        "With any other location the default version is all there is.",
        "Choose one of the three.",
    ),
    "no-version": Explanation(
        "an API has no version that could be used",
        "A Classic definition keeps everything in versions. One that is not versioned uses its only version, or the "
        "one called 'Default', 'default' or ''; where there is none, or more than one, every request is answered with "
        "403, as on Tyk.",
        "Give 'version_data' one version called 'Default', and set 'not_versioned' to true.",
    ),
    "missing-version": Explanation(
        "a version is an API that is not there",
        "The definition says which API each of its versions is, by id. No definition of the load has that id, so that "
        "requests for the version are refused.",
        "Add the definition of the version, or correct the id.",
    ),
    "unused-paths": Explanation(
        "lists of paths have no effect",
        "A version of a Classic definition has 'extended_paths', which count where 'use_extended_paths' is true, and "
        "'paths', which count where it is not. What stands under the other key has no effect, here as on Tyk.",
        "Set 'use_extended_paths' as it is meant.",
    ),
    "bad-filter": Explanation(
        "a jq filter cannot be used",
        "The filter is not jq, or asks for what filters have no access to here: the environment, files, further input, "
        "the log. Bodies pass as they came, and the trace of every exchange says so; where the gateway or the API is "
        "strict, they are answered 500.",
        "Mend the filter at the line and column that the problem names. What a filter has no access to has to come with "
        "the body, or as a context variable.",
    ),
    "unused-filter": Explanation(
        "a jq filter of responses does not run",
        "Filters under 'transform_jq_response' run where 'response_processors' lists 'response_body_transform_jq', here "
        "as on Tyk.",
        "List the processor, or remove the filter.",
    ),
    "processor-order": Explanation(
        "two response processors run in another order",
        "Tyk runs 'header_transform' and 'response_body_transform_jq' in the order of the list. Here headers are cleaned "
        "last, so that no filter puts the upstream's address back.",
        "List 'header_transform' behind the filter; where the filter needs clean headers, let it clean them itself.",
    ),
    "bad-template": Explanation(
        "the template of a body transform cannot be used",
        "It is no Base64, or does not compile. The problem names the line within the template, and for a template in a "
        "file of its own it stands at that file. The transform is left out: bodies pass as they came, as on Tyk.",
        "Mend the template at the line that the problem names; lockgate try --template runs it by itself.",
    ),
    "missing-template": Explanation(
        "the file of a template cannot be read",
        "Paths of templates are relative to the settings' file, or else to the definition's. There is no such file, it "
        "may not be read, or it is larger than any template. The transform is left out: bodies pass as they came, as on "
        "Tyk. The file is looked for again when it appears.",
        "Check the path and the file's permissions.",
    ),
    "bad-script": Explanation(
        "a script cannot be used",
        "It is no Base64, or V8 cannot parse it. The problem names line and column within the script, and for a script "
        "in a file of its own it stands at that file. The script is left out, the API's others are loaded: requests for "
        "its functions are answered with 500 or go to the upstream, as on Tyk.",
        "Mend the script at the line that the problem names.",
    ),
    "missing-script": Explanation(
        "the file of a script cannot be read",
        "Paths of scripts are relative to the settings' file, or else to the definition's. There is no such file, it may "
        "not be read, or it is larger than any script. Requests for its functions are answered with 500 or go to the "
        "upstream, as on Tyk. The file is looked for again when it appears.",
        "Check the path and the file's permissions.",
    ),
    "missing-function": Explanation(
        "no script has a function of this name",
        "Nothing in the scripts of the API has the name, so that nothing can be called by it. Requests are answered with "
        "500 or go to the upstream, as on Tyk. Names are compared with their case.",
        "Correct the name, or declare the function in a script of the API.",
    ),
    "scripts-off": Explanation(
        "a script has no effect because of a setting",
        "With enable_jsvm off no script runs, and requests for virtual endpoints go to the upstream. With "
        "disable_virtual_path_blobs on, scripts that stand in definitions are not loaded, and requests for their "
        "functions are answered with 500 or go to the upstream, as on Tyk.",
        "Change the setting, or move the script to a file.",
    ),
    "plugin-not-run": Explanation(
        "a plugin does not run",
        "Its definition names no driver or one that there is not, its file has another name than a script's, or nothing "
        "asks for it: an auth check without custom authentication, or a second one. Requests pass without it, here as on "
        "Tyk.",
        "Give plugins in JavaScript the driver otto, switch custom authentication on, or take the plugin out.",
    ),
    "unsupported-bundle": Explanation(
        "a bundle of plugins cannot be used",
        "There is no such file in the folder of bundles, it is no zip archive with a manifest.json, something in it leads "
        "out of it or is too large, or checksum or signature are not right. What its plugins keep out is not known, so "
        "the API answers 503.",
        "Put the bundle into the folder bundles of middleware_path, or into the one that bundle_base_url names. Bundles "
        "are not downloaded.",
    ),
    "event-not-fired": Explanation(
        "nothing fires this event",
        "The name is none of Tyk's events, or one that is not built yet. The handler is told of nothing; the API is "
        "served.",
        "Correct the name, or take the handler out.",
    ),
    "template-unescaped-json": Explanation(
        "a template puts a value into JSON as it is",
        "The value comes from the message, or from the request's context, and nothing escapes it. A quote in it ends the "
        "text, and what stands behind the quote becomes a part of the document: whoever sends the value may add members "
        "to it. A text without quotes is no JSON at all.",
        "Write {{jsonMarshal .value}}, which prints a value of any kind with its quotes, and leave out the quotes around "
        "it. In the midst of a text, put the whole text together with printf and give it to jsonMarshal.",
    ),
    "template-unescaped-xml": Explanation(
        "a template puts a value into XML as it is",
        "The value comes from the message, or from the request's context, and nothing escapes it. A < or & in it breaks "
        "the document, and whoever sends the value may add elements to it.",
        "Write {{html .value}}, or give the whole element to xmlMarshal.",
    ),
    "template-quoted-twice": Explanation(
        "a template quotes a text twice",
        "Functions such as jsonMarshal print a text with its quotes. Here the template writes quotes around them too, so "
        "that the document is no JSON.",
        "Leave out the quotes of the template.",
    ),
    "template-exponent": Explanation(
        "a template prints a number in exponent form",
        "Numbers of a message are floats, and a template prints those of a million and more, and very small ones, as "
        "1e+06. The API's document shows that this field has such numbers.",
        'Write {{printf "%.0f" .value}} or {{int64 .value}} for a whole number, {{jsonMarshal .value}} for any.',
    ),
    "template-comparison": Explanation(
        "a template compares a value of the message with an integer",
        "Numbers of a message are floats, and a float and an integer cannot be compared: the template fails wherever it "
        "comes to that.",
        "Compare with a float, as in {{if eq .value 1.0}}, or make an integer of the value: {{if eq (int .value) 1}}.",
    ),
    "template-verb": Explanation(
        "printf gets a number that its verb does not print",
        "Numbers of a message are floats, and verbs of integers such as %d print them as %!d(float64=1).",
        'Write %.0f or %v, or make an integer of the value first: {{printf "%d" (int64 .value)}}.',
    ),
    "template-unknown-field": Explanation(
        "a template asks for a field that the API does not have",
        "No schema and no example of the API's document has this field at this place. A field that is not there prints "
        "<no value>.",
        "Mend the name, or add the field to the schema.",
    ),
    "template-undefined": Explanation(
        "a template calls one that is not there",
        "No template of the API defines the name. Where it is called, the template fails.",
        "Mend the name, or define a template of that name.",
    ),
    "list-in-force": Explanation(
        "a list of addresses is in force without its switch",
        "Tyk takes no notice of enable_ip_whitelisting and enable_ip_blacklisting where a list has entries; only "
        "ip_access_control_disabled switches them off. The same happens here, so that nothing is open that is not "
        "open there.",
        "Set the switch to true, empty the list, or set ip_access_control_disabled to true.",
    ),
    "bad-error-template": Explanation(
        "an error template does not work",
        "Error templates are Go templates with the functions of the language (if, eq, len, printf, …) and the fields "
        ".Message and .StatusCode. One that does not compile, or that asks for anything else, is not used: the general "
        "template, or the one that the gateway brings along, takes its place; a rule with one has no effect.",
        "Correct the place that the message names.",
    ),
    "bad-date": Explanation(
        "the expiration is no date",
        "It has to look like '2030-12-31 23:59', in UTC. An API whose date cannot be read counts as expired: every "
        "request is answered with 403.",
        "Write the date in that form, or '-1' for never.",
    ),
    "bad-header-name": Explanation(
        "a header name has characters that are not allowed",
        "HTTP allows letters, digits and !#$%&'*+.^_`|~- in names. A request with such a header is refused, from a "
        "response it is dropped.",
        "Correct the name; blanks and colons are the usual cause.",
    ),
    "bad-method": Explanation(
        "the method to change to is not supported",
        "GET, POST, PUT, DELETE, OPTIONS and PATCH are; HEAD is not. Requests of the endpoint are answered with 405.",
        "Choose one of them.",
    ),
    "bad-schema": Explanation(
        "a schema cannot be used",
        "A schema of validate_json is missing, breaks the rules of JSON Schema, refers to what is not in it, or leads to "
        "itself. Nothing is fetched. Every request to the endpoint is refused, as on Tyk.",
        "Correct what the problem names. Put schemas that it refers to under 'definitions'.",
    ),
    "bad-status": Explanation(
        "a mock's status is none",
        "A status has three digits. Requests of the endpoint are answered with 500.",
        "Choose a status from 200 to 999.",
    ),
    "bad-address": Explanation(
        "a text is no IP address",
        "Lists of addresses take single addresses and networks with a prefix length. Tyk refuses the definition.",
        "Write it as '10.0.0.1', '10.0.0.0/8' or '2001:db8::/32'.",
    ),
    "missing-example": Explanation(
        "a mock has no example to answer with",
        "The mock answers with an example of the OpenAPI document (fromOASExamples), and the document has none for the "
        "status, content type or name that is configured. Requests that do not choose another one by "
        "X-Tyk-Accept-Example-Code, Accept or X-Tyk-Accept-Example-Name are answered with 500. default and 4XX are "
        "never chosen; the status has to stand there in full.",
        "Add the response with content to the operation, or correct code, contentType and exampleName.",
    ),
    "cut-example": Explanation(
        "an example cannot be made in full",
        "A mock's answer is made from a schema that contains itself, is nested very deeply or makes a very large "
        "body, or from a number that no float64 holds. The value, or the part of it, is left out.",
        "Give the schema or the media type an example of its own.",
    ),
    "bad-reference": Explanation(
        "a reference leads nowhere",
        "What stands under $ref is not in this document. References to other files and addresses are not followed.",
        "Correct it: '#/components/schemas/NAME' and the like.",
    ),
    "inactive-api": Explanation(
        "the API is switched off",
        "info.state.active is false, so the API is not served. A Tyk gateway that reads its definitions from files "
        "takes no notice of the switch and serves it.",
        "Set info.state.active to true, or remove the file.",
    ),
    "missing-secret": Explanation(
        "a reference stands for nothing",
        "A reference (env://, secrets://, file://, vault://, consul://) names something that is not there or is "
        "empty, or its store cannot be asked. The text stays as it is written, as on Tyk.",
        "Set the environment variable, add the key to 'secrets' or to the store, or set up the store under 'kv' in "
        "the gateway's settings.",
    ),
    "duplicate-id": Explanation(
        "two APIs have one id",
        "Both are served on their listen paths; with one listen path, the second is a copy and is not served. Only the one that is found first is found by its id: by versions, loops "
        "and the control API.",
        "Give one of them another info.id; without one, the file's name is the id.",
    ),
    "duplicate-listen-path": Explanation(
        "two APIs have one listen path",
        "Nobody can tell which of them a request is for, so that none is served; internal APIs count too. (Tyk moves "
        "both to made-up paths.) After a reload, the API that was served before goes on.",
        "Give one of them another listen path, or a custom domain.",
    ),
    # known, and not built
    "unsupported-section": Explanation(
        "something is known, and not built",
        "The section is part of Tyk's format and asks for something that Lockgate does not do yet. The rest of the "
        "definition is served; the problem says what happens instead.",
        "Remove the section or set its 'enabled' to false if you can do without; otherwise serve the API elsewhere.",
    ),
    "unsupported-restriction": Explanation(
        "a protection is known, and not built",
        "The section keeps requests out, or makes sure of where they go, and Lockgate does not do that yet. The API "
        "is never served without it: every request is answered with 503.",
        "Remove the section or set its 'enabled' to false if the API may be open; otherwise serve it elsewhere.",
    ),
    # settings
    "unknown-setting": Explanation(
        "a TYK_GW_ variable sets nothing",
        "Names of variables are TYK_GW_ and the setting's names in capitals without underscores, those of nested "
        "settings with one between: TYK_GW_HTTPSERVEROPTIONS_ENABLESTRICTROUTES.",
        "Check the spelling, or unset it.",
    ),
    "bad-variable": Explanation(
        "a TYK_GW_ variable has a value that does not fit",
        "Switches take true and false, numbers are written in digits. The gateway does not start.",
        "Correct the value, or unset the variable.",
    ),
    "only-at-start": Explanation(
        "a setting that a reload does not change",
        "Addresses and the like are taken up when the gateway starts. The file of settings has changed since, and the "
        "gateway goes on with what it had.",
        "Start the gateway again.",
    ),
    "unsupported-storage": Explanation(
        "a storage is known, and not built",
        "Counters and sessions are kept in memory; Redis is not supported yet. The gateway does not start rather than "
        "lose what was to be shared.",
        "Remove 'storage' from the settings, or set its type to 'memory'.",
    ),
}
"""By code. Every code that loading and settings use is here."""
