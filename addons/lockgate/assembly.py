"""From a definition to plans: the one place that puts the parts together. Does no I/O.

A plan is what a request resolves to in one phase: the links that will run, in order. Everything that can be known from
the definition is worked out here, once; a plan is kept for the next request that looks the same.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

from lockgate.exchange import LONGEST_KEPT_NAME, Exchange
from lockgate.identity.credentials import Places
from lockgate.middleware import BodyNeed, Decision, Link, Match, Matching, Middleware, Resolver, Rule, Step
from lockgate.middlewares import LIST_ORDER, REQUEST, RESPONSE, UPSTREAM, batch
from lockgate.model import ApiDefinition, Version
from lockgate.registry import Registry
from lockgate.routing.listen import ListenPath
from lockgate.routing.pattern import PatternSet, path_pattern
from lockgate.routing.router import OperationRouter
from lockgate.trace import LeftOut, Level, Phase, Why

PLANS_PER_VERSION: Final = 2048
"""How many plans are kept for each version of an API; the one unused for longest goes first."""

LONGEST_KEPT_PATH: Final = 1024
"""Characters. Plans for longer paths are made anew each time, so that hostile paths cannot fill the memory."""

_CHAINS: Final[Mapping[Phase, Registry]] = {
    Phase.REQUEST: Registry(REQUEST),
    Phase.UPSTREAM: Registry(UPSTREAM),
    Phase.RESPONSE: Registry(RESPONSE),
}


@dataclass(frozen=True, slots=True)
class MatchingOptions:
    """How paths of entries become patterns, for a whole gateway.

    Source: behaviour-chain 0.1 and 2.1.
    """

    prefix: bool = False
    suffix: bool = False
    ignore_case: bool = False
    names_endpoints: bool = False
    """Plans say which endpoint they are for, for whoever counts requests."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The links that an exchange passes in one phase."""

    phase: Phase
    links: tuple[Link, ...]
    body: BodyNeed
    """The most that any link does with the body, whatever the message is like."""
    asks: tuple[Link, ...]
    """Links whose need depends on the message."""
    endpoint: str = ""
    """Of a request's plan: method and path template of the operation or entry that it is for; "" where none is known."""

    def needs_body(self, exchange: Exchange) -> bool:
        """Whether any link wants the body of this message, whose headers are there."""
        if self.body is not BodyNeed.NONE:
            return True
        for link in self.asks:
            ask = link.middleware.body_when
            if ask is not None and ask(link.config, exchange, self.phase) is not BodyNeed.NONE:
                return True
        return False


@final
class CompiledVersion:
    """One version of an API with everything compiled that its plans need."""

    __slots__ = (
        "_api_links",
        "_endpoints",
        "_kinds",
        "_listen",
        "_plans",
        "_resolvers",
        "_router",
        "_rules",
        "_rules_of",
        "_set",
        "looks_upstream",
        "routes_responses",
        "runs_tasks",
    )

    def __init__(self, version: Version, listen: ListenPath, options: MatchingOptions) -> None:
        rank = {kind: position for position, kind in enumerate(LIST_ORDER)}
        rules = sorted(version.rules, key=lambda rule: rank[rule.kind or rule.middleware])
        self._listen: Final = listen
        self._rules: Final = tuple(rules)
        self._kinds: Final = frozenset(rule.middleware for rule in rules)
        patterns: dict[str, int] = {}
        self._rules_of: Final[list[list[int]]] = []
        for index, rule in enumerate(rules):
            pattern = path_pattern(rule.path, prefix=options.prefix, suffix=options.suffix)
            lists = _matching(rule) is Matching.LISTS
            if options.ignore_case or rule.ignore_case or (lists and version.ignore_case):
                pattern = "(?i)" + pattern
            place = patterns.setdefault(pattern, len(patterns))
            if place == len(self._rules_of):
                self._rules_of.append([])
            self._rules_of[place].append(index)
        self._set: Final = PatternSet(patterns)
        self._resolvers: Final[dict[str, Resolver]] = {
            middleware.name: resolver
            for chain in _CHAINS.values()
            for middleware in chain.values()
            if middleware.resolver is not None and (resolver := middleware.resolver(self._rules)) is not None
        }
        self._api_links: Final = {phase: dict(_api_links(version, phase)) for phase in Phase}
        self.looks_upstream: Final = bool(
            self._api_links[Phase.UPSTREAM] or _CHAINS[Phase.UPSTREAM].keys() & self._kinds
        )
        """Whether any plan between the chains has a link."""
        self.routes_responses: Final = any(
            middleware.matching is Matching.ROUTER and name in self._kinds
            for name, middleware in _CHAINS[Phase.RESPONSE].items()
        )
        """Whether any response link is found with the OpenAPI router."""
        self.runs_tasks: Final = any(
            middleware.runs_tasks and name in self._kinds
            for chain in _CHAINS.values()
            for name, middleware in chain.items()
        )
        """Whether any link hands work to limited processes."""
        self._router: Final = _router(version, listen, self._rules, ignore_case=options.ignore_case)
        operations = [(path, method, None) for path, method in version.operations]
        self._endpoints: Final = (
            OperationRouter(listen, operations, ignore_case=options.ignore_case) if options.names_endpoints else None
        )
        self._plans: Final[OrderedDict[tuple[Phase, str, str, str], Plan]] = OrderedDict()

    def plan(self, phase: Phase, method: str, path: str, encoded_path: str) -> Plan:
        """The plan for a request.

        Args:
            phase: Which chain.
            method: With which entries are matched; case counts.
            path: Decoded, as ``routing.pattern.decode_path`` gives it, with the listen path if it has it.
            encoded_path: As on the wire, for the OpenAPI router.
        """
        key = (phase, method, path, encoded_path)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._made(phase, method, path, encoded_path)
            if len(path) > LONGEST_KEPT_PATH or len(method) > LONGEST_KEPT_NAME:
                return plan
            self._plans[key] = plan
            if len(self._plans) > PLANS_PER_VERSION:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(key)
        return plan

    def left_out(self, phase: Phase, method: str, path: str, encoded_path: str) -> tuple[LeftOut, ...]:
        """Why each middleware that is not in the plan is not in it."""
        present = {link.middleware.name for link in self.plan(phase, method, path, encoded_path).links}
        passing = self._passing(phase, method)
        passed = "" if passing is None else f"{passing.middleware.name} lets {method} requests pass by it"
        return tuple(
            LeftOut(name, passed or self._reason(name, method, path)) for name in _CHAINS[phase] if name not in present
        )

    def _reason(self, name: str, method: str, path: str) -> str:
        mine = [rule for rule in self._rules if rule.middleware == name]
        if not mine:
            return "not configured"
        others = sorted({rule.method for rule in mine if self._found_by_path(rule, path) and rule.method != method})
        if others:
            return f"its entries for {path} have other methods: {', '.join(other or '*' for other in others)}"
        entries = ", ".join(rule.entry for rule in mine[:3]) + (", …" if len(mine) > 3 else "")  # noqa: PLR2004
        return f"no entry matches {method} {path} (it has {entries})"

    def _found_by_path(self, wanted: Rule, path: str) -> bool:
        stripped = self._listen.strip(path)
        lists = _matching(wanted) is Matching.LISTS
        texts = (stripped, path) if lists else (self._inner(stripped), stripped)
        found = _Found(self._set, self._rules, self._rules_of)
        return any(match.rule is wanted for match in found.matches(texts))

    def _made(self, phase: Phase, method: str, path: str, encoded_path: str) -> Plan:
        passing = self._passing(phase, method)
        if passing is not None:
            return _plan(phase, (passing, self._api_links[phase][REQUEST[-1].name]))
        links: list[Link] = []
        found = _Found(self._set, self._rules, self._rules_of)
        stripped = self._listen.strip(path)
        for name, middleware in _CHAINS[phase].items():
            step = middleware.step(phase)
            if step is None:
                continue
            api_link = self._api_links[phase].get(name)
            decision: Decision | None = None
            if name in self._resolvers:
                decision = self._resolvers[name](found.matches((stripped, path)), method)
            elif name in self._kinds:
                decision = (
                    self._routed(middleware, method, encoded_path)
                    if middleware.matching is Matching.ROUTER
                    else _first(middleware, found.matches((self._inner(stripped), stripped)), method)
                )
            link = None if decision is None else Link(middleware, decision.config, decision.why, step)
            # Requests: the endpoint has the last word. Responses: the API has it (behaviour-chain 4.5).
            pair = (link, api_link) if phase is Phase.RESPONSE else (api_link, link)
            links += [one for one in pair if one is not None]
        plan = _plan(phase, tuple(links))
        if self._endpoints is None or phase is not Phase.REQUEST:
            return plan
        matches = found.matches((self._inner(stripped), stripped))
        return replace(plan, endpoint=_endpoint(self._endpoints, matches, method, encoded_path))

    def _passing(self, phase: Phase, method: str) -> Link | None:
        """The link that lets a request pass by all the others but the last, if there is one."""
        if phase is not Phase.REQUEST:
            return None
        for link in self._api_links[phase].values():
            passes_by = link.middleware.passes_by
            if passes_by is not None and passes_by(link.config, method):
                return link
        return None

    def _inner(self, stripped: str) -> str:
        """Stripped once more: a path that still begins with the listen path is (behaviour-chain 2.3, procedure B)."""
        return stripped if self._listen.text == "/" else self._listen.strip(stripped)

    def _routed(self, middleware: Middleware[Any], method: str, encoded_path: str) -> Decision | None:
        operation = None if self._router is None else self._router.find(encoded_path, method)
        rules: Mapping[str, Rule] = {} if operation is None else operation.value
        rule = rules.get(middleware.name)
        if operation is None or rule is None:
            return None
        why = Why(Level.RULE, rule.pointer, rule.entry, operation.path, encoded_path, "OpenAPI router")
        config = rule.config if middleware.bound is None else middleware.bound(rule.config, operation.values)
        return Decision(config, why)


def _endpoint(router: OperationRouter, matches: Sequence[Match], method: str, encoded_path: str) -> str:
    """The operation; without one, the entry that matches and has the longest path."""
    operation = router.find(encoded_path, method)
    if operation is not None:
        return f"{method} {operation.path}"
    entries = (match.rule.entry for match in matches if match.rule.method in ("", method))
    return max(entries, key=len, default="")


class _Found:
    """Which rules are found in which texts, each text searched once."""

    __slots__ = ("_matches", "_places", "_rules", "_rules_of", "_set")

    def __init__(self, patterns: PatternSet, rules: Sequence[Rule], rules_of: Sequence[Sequence[int]]) -> None:
        self._set = patterns
        self._rules = rules
        self._rules_of = rules_of
        self._places: dict[str, list[int]] = {}
        self._matches: dict[tuple[str, ...], tuple[Match, ...]] = {}

    def matches(self, texts: tuple[str, ...]) -> tuple[Match, ...]:
        """Rules found in any of ``texts``, in list order, each with the first text in which it is found."""
        key = tuple(dict.fromkeys(texts))
        known = self._matches.get(key)
        if known is not None:
            return known
        found: dict[int, Match] = {}
        for text in key:
            places = self._places.get(text)
            if places is None:
                places = self._places[text] = self._set.found(text)
            for place in places:
                for index in self._rules_of[place]:
                    if index not in found:
                        found[index] = Match(self._rules[index], self._set.patterns[place], text)
        matches = self._matches[key] = tuple(found[index] for index in sorted(found))
        return matches


def _matching(rule: Rule) -> Matching:
    for chain in _CHAINS.values():
        if rule.middleware in chain:
            return chain[rule.middleware].matching
    raise LookupError(f"no middleware is called {rule.middleware!r}")


def _router(
    version: Version, listen: ListenPath, rules: Sequence[Rule], *, ignore_case: bool
) -> OperationRouter | None:
    """The router over all operations of the document, if any middleware is matched with it."""
    routed = [rule for rule in rules if _matching(rule) is Matching.ROUTER]
    if not routed:
        return None
    by_operation: dict[tuple[str, str], dict[str, Rule]] = {operation: {} for operation in version.operations}
    for rule in routed:
        by_operation.setdefault((rule.path, rule.method), {})[rule.middleware] = rule
    entries = [(path, method, rules) for (path, method), rules in by_operation.items()]
    return OperationRouter(listen, entries, ignore_case=ignore_case)


def _api_links(version: Version, phase: Phase) -> Iterator[tuple[str, Link]]:
    for name, middleware in _CHAINS[phase].items():
        step: Step[Any] | None = middleware.step(phase)
        if step is None:
            continue
        section = version.sections.get(name)
        if section is not None:
            yield name, Link(middleware, section.config, Why(Level.API, section.pointer), step)
        elif middleware.always is not None:
            yield name, Link(middleware, middleware.always, Why(Level.ALWAYS), step)


def _first(middleware: Middleware[Any], matches: Sequence[Match], method: str) -> Decision | None:
    for match in matches:
        rule = match.rule
        if rule.middleware == middleware.name and rule.method == method:
            why = Why(Level.RULE, rule.pointer, rule.entry, match.pattern, match.text, "first match")
            return Decision(rule.config, why)
    return None


def _plan(phase: Phase, links: tuple[Link, ...]) -> Plan:
    asks = tuple(link for link in links if link.middleware.body_when is not None)
    body = max((link.middleware.body for link in links), default=BodyNeed.NONE)
    return Plan(phase, links, body, asks)


def _key_names(definition: ApiDefinition) -> Iterator[str]:
    for version in definition.versions:
        for section in version.sections.values():
            places = getattr(section.config, "places", None)
            if isinstance(places, Places):
                yield places.header.lower()
                if places.query is not None:
                    yield places.query
                if places.cookie is not None:
                    yield places.cookie


def _batch_plan(definition: ApiDefinition) -> Plan | None:
    middleware: Middleware[Any] = batch.MIDDLEWARE
    section, step = definition.batch, middleware.request
    # An API that is unavailable says so.
    if section is None or step is None or definition.unavailable:
        return None
    return _plan(Phase.REQUEST, (Link(middleware, section.config, Why(Level.API, section.pointer), step),))


@final
class CompiledApi:
    """An API that is ready to run."""

    __slots__ = ("_batch_plan", "definition", "key_names", "listen", "options", "versions")

    def __init__(self, definition: ApiDefinition, options: MatchingOptions) -> None:
        """Compile a definition.

        Raises:
            ValueError: It is not what loading lets through: a listen path or pattern that does not compile.
        """
        self.definition: Final = definition
        self.options: Final = options
        self.listen: Final = ListenPath(definition.listen_path)
        self._batch_plan: Final = _batch_plan(definition)
        self.key_names: Final = frozenset(_key_names(definition))
        """Headers, in lower case, parameters and cookies that may hold a key, whatever they are called."""
        self.versions: Final = {
            version.name: CompiledVersion(version, self.listen, options) for version in definition.versions
        }

    def own_plan(self, path: str) -> Plan | None:
        """The plan for an endpoint of the gateway's own; None: the path is the API's.

        Args:
            path: Decoded, with the listen path.
        """
        if self._batch_plan is None or not path.endswith(batch.PATH):
            return None
        return self._batch_plan if self.listen.strip(path) == f"/{batch.PATH}" else None

    @property
    def default_version(self) -> CompiledVersion:
        """The version that is used unless versioning says otherwise."""
        return self.versions[self.definition.versions[0].name]
