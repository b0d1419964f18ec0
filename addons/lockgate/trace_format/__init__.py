"""Traces for people and for files: plain values, without secrets where they leave the process, and text."""

from lockgate.trace_format.masking import MASK, is_secret, masked, masked_url, secret_texts, without_secrets
from lockgate.trace_format.plain import HEAD_BYTES, KEPT_BODY_BYTES, WHOLE_BODY_BYTES, Plain, plain_call, to_plain
from lockgate.trace_format.text import left_out_lines, printable, summary, to_text, why_text

__all__ = [
    "HEAD_BYTES",
    "KEPT_BODY_BYTES",
    "MASK",
    "WHOLE_BODY_BYTES",
    "Plain",
    "is_secret",
    "left_out_lines",
    "masked",
    "masked_url",
    "plain_call",
    "printable",
    "secret_texts",
    "summary",
    "to_plain",
    "to_text",
    "why_text",
    "without_secrets",
]
