"""From a template's text to its trees.

Errors are worded as Go words them. Where Go has no limit, or one beyond what can be run here, there is one of our own:
``MOST_LEVELS`` and ``MOST_BRANCHES``.

Source: Go 1.26, text/template/parse, parse.go.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final, NoReturn, final

from lockgate.decoding.shapes import nearest
from lockgate.templates.errors import Kind, Place, TemplateError
from lockgate.templates.lexer import Token, Word, tokens
from lockgate.templates.literals import LiteralError, character, complex_number, number, unquoted
from lockgate.templates.nodes import (
    Action,
    Block,
    Bool,
    Branch,
    Break,
    Chain,
    Command,
    Continue,
    Dot,
    Field,
    Identifier,
    If,
    Invocation,
    Nil,
    Node,
    Number,
    Pipe,
    Range,
    Source,
    String,
    Text,
    Tree,
    Variable,
    With,
)
from lockgate.templates.quoting import quote_go

MOST_LEVELS: Final = 100
"""Blocks and parentheses inside one another."""
MOST_BRANCHES: Final = 300
"""Of one chain of ``{{else if}}`` or ``{{else with}}``."""

_WHITE_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_OPERANDS: Final = frozenset(
    (
        Word.BOOL,
        Word.CHARACTER,
        Word.COMPLEX,
        Word.DOT,
        Word.FIELD,
        Word.IDENTIFIER,
        Word.NUMBER,
        Word.NIL,
        Word.RAW_STRING,
        Word.STRING,
        Word.VARIABLE,
        Word.OPEN,
    )
)
_BRANCHES: Final[Mapping[str, type[Branch]]] = {"if": If, "range": Range, "with": With}
_INSTEAD: Final[Mapping[str, str]] = {
    "=": "values are compared by functions: eq, ne, lt, le, gt, ge",
    "<": "values are compared by functions: lt, le",
    ">": "values are compared by functions: gt, ge",
    "!": "write not, or ne",
    "&": "write and, before its arguments",
    "[": "write index, then the value and the keys",
    "+": "numbers are added by add, texts are put together by print",
    "*": "numbers are multiplied by mul",
    "/": "numbers are divided by div; a comment begins with {{/*, without a space",
    "-": "numbers are subtracted by sub; a trim marker has a space between it and the action",
    "{": "an action ends with }} before another one begins",
    "}": "an action ends with }}",
    ",": "arguments are parted by spaces",
    "?": "write ternary, or if and else",
}
"""What to write for signs that other languages have, and templates do not."""
_NOT_GIVEN: Final[Mapping[str, str]] = {
    "env": "the gateway's environment cannot be read from a template",
    "expandenv": "the gateway's environment cannot be read from a template",
    "break": "it stands in an action of its own",
    "continue": "it stands in an action of its own",
}


def parse(text: str, name: str = "", *, functions: Collection[str]) -> Source:
    """Parse a source.

    Args:
        text: Bytes that are no UTF-8 are in it as ``values`` has them.
        name: That error texts call it by.
        functions: Names that a template may call.

    Raises:
        TemplateError: It is no template.
    """
    return _Parsing(Source(name, text), tokens(text), functions).whole()


@final
class _Parsing:
    """What all trees of one source share."""

    __slots__ = ("at", "functions", "levels", "source", "words")

    def __init__(self, source: Source, words: tuple[Token, ...], functions: Collection[str]) -> None:
        self.source: Final = source
        self.words: Final = words
        self.functions: Final = functions
        self.at = 0
        """Of the word that comes next."""
        self.levels = 0

    def whole(self) -> Source:
        """The source, with all of its trees."""
        main = _TreeParser(self)
        main.add(self.source.name, main.top())
        return self.source


class _Stop(Node):
    """An ``{{end}}`` or ``{{else}}``, which no tree has."""

    __slots__ = ("opens", "text")

    def __init__(self, position: int, text: str) -> None:
        super().__init__(position)
        self.text: Final = text

    def __str__(self) -> str:
        return self.text


@final
class _TreeParser:
    """Parses one tree: the source's own, or that of a definition in it."""

    __slots__ = ("_action_line", "_open", "_ranges", "_seen", "_shared", "_variables", "_visible")

    def __init__(self, shared: _Parsing) -> None:
        self._shared: Final = shared
        self._variables: Final = ["$"]
        self._visible: Final = Counter(self._variables)
        """How often each is declared: what is asked for at every use."""
        self._ranges = 0
        self._action_line = 0
        """Of the action under way; 0: there is none."""
        self._seen = shared.at
        """The furthest word that this tree has looked at: its line is that of an error."""
        self._open: Final[list[tuple[str, int]]] = []
        """Keyword and line of the actions that want an ``{{end}}``."""

    # words

    def _next(self) -> Token:
        at = self._shared.at
        self._seen = max(self._seen, at)
        self._shared.at = at + 1
        return self._shared.words[at]

    def _next_word(self) -> Token:
        """The next one that is no space."""
        token = self._next()
        return self._next() if token.word is Word.SPACE else token

    def _peek(self) -> Token:
        at = self._shared.at
        self._seen = max(self._seen, at)
        return self._shared.words[at]

    def _peek_word(self) -> Token:
        """Pass over space, and look at what follows."""
        token = self._peek()
        if token.word is Word.SPACE:
            self._shared.at += 1
            token = self._peek()
        return token

    def _back(self) -> None:
        self._shared.at -= 1

    def _expect(self, word: Word, context: str) -> Token:
        token = self._next_word()
        if token.word is not word:
            self._unexpected(token, context)
        return token

    # errors

    def _fail(self, reason: str, *, at: int | None = None, hint: str = "") -> NoReturn:
        """End with an error.

        Args:
            reason: Go's text.
            at: Position in the source that it is about; None: the word looked at last.
            hint: What to write instead.
        """
        source = self._shared.source
        last = self._shared.words[self._seen]
        raise TemplateError(
            f"template: {source.name}:{last.line}: {reason}",
            kind=Kind.PARSE,
            reason=reason,
            source=source.text,
            place=place_of(source.text, last.position if at is None else at),
            hint=hint,
        )

    def _unexpected(self, token: Token, context: str) -> NoReturn:
        if token.word is Word.ERROR:
            is_sign = token.text.startswith(("bad character", "unrecognized character"))
            sign = self._shared.source.text[token.position] if is_sign else ""
            self._fail(f"{token}{self._begun(token)}", at=token.position, hint=_INSTEAD.get(sign, ""))
        hint = _INSTEAD.get(token.text, "") if token.word in (Word.SIGN, Word.ASSIGN) else ""
        self._fail(f"unexpected {token} in {context}", at=token.position, hint=hint)

    def _begun(self, token: Token) -> str:
        """Where the action began that has no end."""
        if self._action_line in (0, token.line):
            return ""
        place = f" started at {self._shared.source.name}:{self._action_line}"
        return place if token.text.endswith(" action") else f" in action{place}"

    def _ends_too_early(self) -> NoReturn:
        hint = ""
        if self._open:
            keyword, line = self._open[-1]
            hint = f"the {{{{{keyword}}}}} of line {line} has no {{{{end}}}}"
        self._fail("unexpected EOF", hint=hint)

    # trees

    def top(self) -> Block:
        """The whole source, without what it defines."""
        position = self._peek().position
        nodes: list[Node] = []
        while (token := self._peek()).word is not Word.EOF:
            if token.word is Word.LEFT:
                left = self._shared.at
                self._next()
                keyword = self._next_word()
                if keyword.word is Word.DEFINE:
                    _TreeParser(self._shared).definition(keyword)
                    continue
                self._shared.at = left
            node = self._text_or_action()
            if isinstance(node, _Stop):
                self._fail(f"unexpected {node}", at=node.position)
            nodes.append(node)
        return Block(position, tuple(nodes))

    def add(self, name: str, root: Block) -> None:
        """Keep a tree. An empty one takes no place, and gives way."""
        source = self._shared.source
        is_empty = all(isinstance(node, Text) and not node.text.strip(_WHITE_SPACE) for node in root.nodes)
        before = source.trees.get(name)
        if before is None or before.is_empty:
            source.trees[name] = Tree(name, root, source, is_empty)
        elif not is_empty:
            self._fail(f"template: multiple definition of template {quote_go(name)}")

    def definition(self, keyword: Token) -> None:
        """A ``{{define}}``, whose keyword is past."""
        context = "define clause"
        token = self._next_word()
        if token.word not in (Word.STRING, Word.RAW_STRING):
            self._unexpected(token, context)
        name = self._unquoted(token)
        self._expect(Word.RIGHT, context)
        root, stop = self.body("define", keyword.line)
        if stop.text != "{{end}}":
            self._fail(f"unexpected {stop} in {context}", at=stop.position)
        self.add(name, root)

    def body(self, keyword: str, line: int) -> tuple[Block, _Stop]:
        """What is defined, up to its ``{{end}}``, or to an ``{{else}}``, which it cannot have."""
        self._enter(keyword, line)
        root, stop = self._block()
        self._leave()
        return root, stop

    def _unquoted(self, token: Token) -> str:
        try:
            return unquoted(token.text)
        except LiteralError as error:
            self._fail(str(error), at=token.position)

    def _enter(self, keyword: str, line: int, at: int | None = None) -> None:
        """Go one level deeper."""
        self._shared.levels += 1
        if self._shared.levels > MOST_LEVELS:
            # Differs: Go's own limit is 10,000 parentheses (test_what_is_nested_too_deeply_is_refused).
            self._fail(f"blocks and parentheses are nested more than {MOST_LEVELS} levels deep", at=at)
        self._open.append((keyword, line))

    def _leave(self) -> None:
        self._shared.levels -= 1
        self._open.pop()

    # blocks

    def _block(self) -> tuple[Block, _Stop]:
        """Text and actions up to an ``{{end}}`` or ``{{else}}``, and which it is."""
        position = self._peek_word().position
        nodes: list[Node] = []
        while True:
            if self._peek_word().word is Word.EOF:
                self._ends_too_early()
            node = self._text_or_action()
            if isinstance(node, _Stop):
                return Block(position, tuple(nodes)), node
            nodes.append(node)

    def _text_or_action(self) -> Node:
        token = self._next_word()
        if token.word is Word.TEXT:
            return Text(token.position, token.text)
        if token.word is not Word.LEFT:
            self._unexpected(token, "input")
        self._action_line = token.line
        node = self._action()
        self._action_line = 0
        return node

    def _action(self) -> Node:
        """What stands between delimiters, the left one being past. With a block, all of the block."""
        token = self._next_word()
        match token.word:
            case Word.BLOCK:
                return self._block_action(token)
            case Word.BREAK | Word.CONTINUE:
                return self._jump(token)
            case Word.ELSE:
                return self._else()
            case Word.END:
                return _Stop(self._expect(Word.RIGHT, "end").position, "{{end}}")
            case Word.IF | Word.RANGE | Word.WITH:
                return self._branch(token)
            case Word.TEMPLATE:
                return self._invocation()
        self._back()
        return Action(token.position, token.line, self._pipeline("command", Word.RIGHT))

    def _jump(self, token: Token) -> Node:
        """``{{break}}`` or ``{{continue}}``."""
        action = f"{{{{{token.text}}}}}"
        following = self._next_word()
        if following.word is not Word.RIGHT:
            self._unexpected(following, action)
        if not self._ranges:
            self._fail(f"{action} outside {{{{range}}}}", at=token.position)
        kind = Break if token.word is Word.BREAK else Continue
        return kind(token.position, token.line)

    def _else(self) -> _Stop:
        token = self._peek_word()
        # What follows belongs to the branch that the else is of.
        if token.word not in (Word.IF, Word.WITH):
            token = self._expect(Word.RIGHT, "else")
        return _Stop(token.position, "{{else}}")

    def _branch(self, token: Token) -> Branch:
        """``{{if}}``, ``{{range}}``, ``{{with}}`` with all that follows up to their ``{{end}}``."""
        keyword = token.text
        visible = len(self._variables)
        self._enter(keyword, token.line, token.position)
        chain: list[tuple[int, Pipe, Block]] = []
        position = 0
        otherwise: Block | None = None
        while True:
            pipe = self._pipeline(keyword, Word.RIGHT)
            self._ranges += keyword == "range"
            block, stop = self._block()
            self._ranges -= keyword == "range"
            chain.append((position, pipe, block))
            if stop.text == "{{end}}":
                break
            if keyword != "range" and self._peek().text == keyword and self._peek().word is token.word:
                # An "else if" is an if in the else, whose end is that of the first one.
                position = stop.position
                self._next()
                if len(chain) >= MOST_BRANCHES:
                    # Differs: Go has no such limit (test_chains_of_else_if_have_a_limit_of_their_own).
                    self._fail(f"an {{{{{keyword}}}}} has more than {MOST_BRANCHES} branches", at=position)
                continue
            otherwise, stop = self._block()
            if stop.text != "{{end}}":
                self._fail(f"expected end; found {stop}", at=stop.position)
            break
        self._leave()
        self._visible.subtract(self._variables[visible:])
        del self._variables[visible:]
        return _chained(_BRANCHES[keyword], chain, otherwise)

    def _block_action(self, keyword: Token) -> Invocation:
        context = "block clause"
        token = self._next_word()
        name = self._template_name(token, context)
        pipe = self._pipeline(context, Word.RIGHT)
        inner = _TreeParser(self._shared)
        root, stop = inner.body("block", keyword.line)
        if stop.text != "{{end}}":
            # The line is that of the block's own action: what the block holds, its tree has looked at.
            self._fail(f"unexpected {stop} in {context}", at=stop.position)
        inner.add(name, root)
        return Invocation(token.position, token.line, name, quote_go(name), pipe)

    def _invocation(self) -> Invocation:
        context = "template clause"
        token = self._next_word()
        name = self._template_name(token, context)
        pipe = None
        if self._next_word().word is not Word.RIGHT:
            self._back()
            pipe = self._pipeline(context, Word.RIGHT)
        return Invocation(token.position, token.line, name, quote_go(name), pipe)

    def _template_name(self, token: Token, context: str) -> str:
        if token.word not in (Word.STRING, Word.RAW_STRING):
            self._unexpected(token, context)
        return self._unquoted(token)

    # pipelines

    def _pipeline(self, context: str, end: Word) -> Pipe:
        """Declarations and commands up to ``end``, which is passed."""
        first = self._peek_word()
        declared, assigns = self._declarations(context)
        commands: list[Command] = []
        while (token := self._next_word()).word is not end:
            if token.word not in _OPERANDS:
                self._unexpected(token, context)
            self._back()
            commands.append(self._command())
        if not commands:
            self._fail(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], 2):
            if isinstance(command.arguments[0], Bool | Dot | Nil | Number | String):
                self._fail(f"non executable command in pipeline stage {stage}", at=command.position)
        return Pipe(first.position, first.line, tuple(commands), tuple(declared), assigns)

    def _declarations(self, context: str) -> tuple[list[Variable], bool]:
        """The variables that a pipeline sets, and whether they are there already."""
        declared: list[Variable] = []
        while (token := self._peek_word()).word is Word.VARIABLE:
            start = self._shared.at
            self._next()
            following = self._peek_word()
            is_last = following.word in (Word.ASSIGN, Word.DECLARE)
            if not is_last and (following.word is not Word.SIGN or following.text != ","):
                # No declaration: an operand.
                self._shared.at = start
                break
            self._next()
            declared.append(Variable(token.position, tuple(token.text.split("."))))
            self._variables.append(token.text)
            self._visible[token.text] += 1
            if is_last:
                return declared, following.word is Word.ASSIGN
            if context != "range" or len(declared) > 1:
                self._fail(f"too many declarations in {context}", at=token.position)
            if self._peek_word().word not in (Word.VARIABLE, Word.RIGHT, Word.CLOSE):
                self._fail("range can only initialize variables")
        return declared, False

    def _command(self) -> Command:
        """Operands, up to a pipe, which is passed, or what ends the pipeline."""
        position = self._peek_word().position
        arguments: list[Node] = []
        while True:
            self._peek_word()
            operand = self._operand()
            if operand is not None:
                arguments.append(operand)
            token = self._next()
            if token.word is Word.SPACE:
                continue
            if token.word in (Word.RIGHT, Word.CLOSE):
                self._back()
            elif token.word is not Word.PIPE:
                self._unexpected(token, "operand")
            break
        if not arguments:
            self._fail("empty command")
        return Command(position, tuple(arguments))

    def _operand(self) -> Node | None:
        """A term and fields of it; None: what comes next is none."""
        node = self._term()
        if node is None or self._peek().word is not Word.FIELD:
            return node
        position = self._peek().position
        names: list[str] = []
        while self._peek().word is Word.FIELD:
            names.append(self._next().text[1:])
        match node:
            case Field():
                return Field(position, (*node.names, *names))
            case Variable():
                return Variable(position, (*node.names, *names))
            case Bool() | Dot() | Nil() | Number() | String():
                self._fail(f"unexpected . after term {quote_go(str(node))}", at=position)
        return Chain(position, node, tuple(names))

    def _term(self) -> Node | None:
        token = self._next_word()
        position = token.position
        match token.word:
            case Word.IDENTIFIER:
                return self._function(token)
            case Word.DOT:
                return Dot(position)
            case Word.NIL:
                return Nil(position)
            case Word.VARIABLE:
                return self._variable(token)
            case Word.FIELD:
                return Field(position, (token.text[1:],))
            case Word.BOOL:
                return Bool(position, token.text == "true")
            case Word.STRING | Word.RAW_STRING:
                return String(position, token.text, self._unquoted(token))
            case Word.NUMBER | Word.CHARACTER | Word.COMPLEX:
                return self._number(token)
            case Word.OPEN:
                self._enter("(", token.line, position)
                pipe = self._pipeline("parenthesized pipeline", Word.CLOSE)
                self._leave()
                return pipe
        self._back()
        return None

    def _number(self, token: Token) -> Number:
        make = {Word.CHARACTER: character, Word.COMPLEX: complex_number}.get(token.word, number)
        try:
            return make(token.position, token.text)
        except LiteralError as error:
            self._fail(str(error), at=token.position, hint=_INSTEAD.get(token.text, ""))

    def _function(self, token: Token) -> Identifier:
        name = token.text
        if name not in self._shared.functions:
            hint = _NOT_GIVEN.get(name) or nearest(name, sorted(self._shared.functions))
            self._fail(f"function {quote_go(name)} not defined", at=token.position, hint=hint)
        return Identifier(token.position, name)

    def _variable(self, token: Token) -> Variable:
        name = token.text
        if not self._visible[name]:
            hint = nearest(name, self._variables[1:])
            self._fail(f"undefined variable {quote_go(name)}", at=token.position, hint=hint)
        return Variable(token.position, (name,))


def _chained(kind: type[Branch], chain: list[tuple[int, Pipe, Block]], otherwise: Block | None) -> Branch:
    """Branches of one chain, each in the else of the one before.

    Args:
        kind: Of each.
        chain: Position of the else before it, pipeline and block of each.
        otherwise: The last else.
    """
    position, pipe, block = chain[-1]
    branch = kind(pipe.position, pipe.line, pipe, block, otherwise)
    for before_position, before_pipe, before_block in reversed(chain[:-1]):
        otherwise = Block(position, (branch,))
        branch = kind(before_pipe.position, before_pipe.line, before_pipe, before_block, otherwise)
        position = before_position
    return branch


def place_of(text: str, position: int) -> Place:
    """Line and column of a position in a source."""
    start = text.rfind("\n", 0, position) + 1
    return Place(text.count("\n", 0, position) + 1, position - start + 1)
