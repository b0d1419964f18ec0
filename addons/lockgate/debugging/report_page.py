"""The page that a replay's report is: self-contained, no script, everything that came from traffic escaped."""

import base64
import hashlib
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

_STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.counts { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1rem 0; padding: 0; list-style: none; }
.counts li { border: 1px solid #8886; border-radius: .4rem; padding: .4rem .9rem; }
.counts b { font-size: 1.3rem; display: block; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { border-bottom: 1px solid #8884; padding: .25rem .5rem; text-align: left; vertical-align: top; }
th { font-weight: 600; } .number { width: 6rem; text-align: right; } .field { width: 34%; }
td { overflow-wrap: anywhere; } code, .value { font-family: ui-monospace, monospace; font-size: .9em; unicode-bidi: isolate; }
.value { white-space: pre-wrap; } .before { background: #d73a4922; } .after { background: #28a74522; }
.absent { opacity: .6; font-style: italic; } details { border: 1px solid #8884; border-radius: .4rem; margin: .4rem 0; }
summary { cursor: pointer; padding: .35rem .6rem; overflow-wrap: anywhere; } .place { opacity: .7; font-size: .9em; }
details > table, details > p { margin: .3rem .6rem .6rem; width: calc(100% - 1.2rem); }
"""
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_TEMPLATE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{{ hash }}'">
<meta name="viewport" content="width=device-width">
<title>Replay: {{ report.different }} different</title>
<style>{{ style }}</style>
</head>
<body>
{%- macro value(text, kind) %}
<td class="value {{ kind }}">{% if text is none %}<span class="absent">not there</span>{% else %}{{ text }}{% endif %}</td>
{%- endmacro %}
<h1>Replay</h1>
<p>{{ report.recordings | join(", ") }} through <code>{{ report.definitions }}</code>, against {{ report.against }}</p>
<ul class="counts">
<li><b>{{ report.total }}</b>exchanges</li>
<li><b>{{ report.same }}</b>the same</li>
<li><b>{{ report.different }}</b>different</li>
<li><b>{{ report.not_replayed }}</b>not replayed</li>
{% if report.left_out %}<li><b>{{ report.left_out }}</b>left out by the filter</li>{% endif %}
{% if report.not_http %}<li><b>{{ report.not_http }}</b>left out, being no HTTP</li>{% endif %}
</ul>
{% for remark in remarks %}<p><strong>{{ remark }}</strong></p>{% endfor %}
{% if report.limited %}<p>There are more exchanges, which were not looked at: the limit is reached.</p>{% endif %}
{% if report.fields %}
<h2>Differences by field</h2>
<table>
<thead><tr><th class="number">exchanges</th><th class="field">field</th><th>was, for example</th><th>is now</th></tr></thead>
<tbody>
{% for field in report.by_field %}
<tr><td class="number">{{ field.count }}</td><td class="field">{{ field.name }}</td>
{{ value(field.example.before, "before") }}{{ value(field.example.after, "after") }}</tr>
{% endfor %}
</tbody>
</table>
{% endif %}
{% if report.reasons %}
<h2>Not replayed</h2>
<table>
<thead><tr><th class="number">exchanges</th><th>because</th></tr></thead>
<tbody>
{% for reason, count in report.reasons.items() %}
<tr><td class="number">{{ count }}</td><td>{{ reason }}</td></tr>
{% endfor %}
</tbody>
</table>
{% endif %}
{% if different %}
<h2>Exchanges that are different</h2>
{% for one in different %}
<details{% if loop.first %} open{% endif %}>
<summary><code>{{ one.title }}</code>
<span class="place">{{ one.source }}{% if one.api %} · {{ one.api }}{% endif %}</span></summary>
{% for text in one.missing %}<p>The recording lacks {{ text }}.</p>{% endfor %}
<table>
<tbody>
{% for difference in one.differences %}
<tr><td class="field">{{ difference.field }}</td>
{{ value(difference.before, "before") }}{{ value(difference.after, "after") }}</tr>
{% endfor %}
</tbody>
</table>
</details>
{% endfor %}
{% if report.different > different | length %}<p>… and {{ report.different - different | length }} more.</p>{% endif %}
{% endif %}
{% if refused %}
<h2>Exchanges that were not replayed</h2>
<table>
<tbody>
{% for one in refused %}
<tr><td class="field"><code>{{ one.title }}</code><br><span class="place">{{ one.source }}</span></td>
<td>{{ one.reason }}</td></tr>
{% endfor %}
</tbody>
</table>
{% if report.not_replayed > refused | length %}<p>… and {{ report.not_replayed - refused | length }} more.</p>{% endif %}
{% endif %}
</body>
</html>
"""

_PAGE: Final = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(_TEMPLATE)


def page(**values: Any) -> str:
    """The page. ``report``, ``remarks``, ``different`` and ``refused`` are what ``reports.to_html`` gives."""
    from markupsafe import Markup

    # The style is this file's own; a browser hashes it as it stands here.
    return _PAGE.render(**values, hash=_HASH, style=Markup(_STYLE))  # noqa: S704
