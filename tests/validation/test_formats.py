import pytest

from lockgate.validation.openapi_schema import OpenApiSchema


def violation(format_, text):
    schema = {"type": "string", "format": format_}
    return OpenApiSchema(schema, {}, version="3.0", pointer="").violation(text)


@pytest.mark.parametrize("text", ["2024-02-29", "2000-02-29", "0000-02-29", "9999-12-31"])
def test_dates(text):
    assert violation("date", text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2023-02-29", 'parsing time "2023-02-29": day out of range'),
        ("1900-02-29", 'parsing time "1900-02-29": day out of range'),
        ("2024-01-00", 'parsing time "2024-01-00": day out of range'),
        ("2024-13-01", 'parsing time "2024-13-01": month out of range'),
        ("2024-00-01", 'parsing time "2024-00-01": month out of range'),
        ("2024-1-2", 'parsing time "2024-1-2" as "2006-01-02": cannot parse "1-2" as "01"'),
        ("29/02/2024", 'parsing time "29/02/2024" as "2006-01-02": cannot parse "29/02/2024" as "2006"'),
        ("2024/02/29", 'parsing time "2024/02/29" as "2006-01-02": cannot parse "/02/29" as "-"'),
        ("2024-02-29Z", 'parsing time "2024-02-29Z": extra text: "Z"'),
        ("", 'parsing time "" as "2006-01-02": cannot parse "" as "2006"'),
        ('a"\\', r'parsing time "a\"\\" as "2006-01-02": cannot parse "a\"\\" as "2006"'),
        ("\u0662\u0660", r'parsing time "\xd9\xa2\xd9\xa0" as "2006-01-02": cannot parse "\xd9\xa2\xd9\xa0" as "2006"'),
        ("20\u06624-01-01", 'parsing time "20\\xd9\\xa24-01-01" as "2006-01-02": cannot parse'),
    ],
)
def test_what_is_no_date(text, reason):
    assert violation("date", text).startswith(f'string doesn\'t match the format "date": {reason}')


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01T10:20:30Z",
        "2024-05-01T10:20:30+02:00",
        "2024-05-01T10:20:30.123456Z",
        "2024-05-01T10:20:30,5-00:30",
        "2024-05-01T5:20:30Z",
        "2024-05-01T10:20:30+24:60",
    ],
)
def test_times(text):
    assert violation("date-time", text) is None


LAYOUT = 'as "2006-01-02T15:04:05Z07:00": cannot parse'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2024-05-01 10:20:30", f'{LAYOUT} " 10:20:30" as "T"'),
        ("2024-05-01t10:20:30z", f'{LAYOUT} "t10:20:30z" as "T"'),
        ("2024-05-01T10:20:30", f'{LAYOUT} "" as "Z07:00"'),
        ("2024-05-01T10:20:30z", f'{LAYOUT} "z" as "Z07:00"'),
        ("2024-05-01T10:20:30 02:00", f'{LAYOUT} " 02:00" as "Z07:00"'),
        ("2024-05-01T10:20:30+0200", f'{LAYOUT} "+0200" as "Z07:00"'),
        ("2024-05-01T10:20:30+a2:00", f'{LAYOUT} "+a2:00" as "Z07:00"'),
        ("2024-05-01T10:2:30Z", f'{LAYOUT} "2:30Z" as "04"'),
        ("2024-05-01T10:20:30.Z", f'{LAYOUT} ".Z" as "Z07:00"'),
    ],
)
def test_what_is_no_time(text, reason):
    assert (
        violation("date-time", text) == f'string doesn\'t match the format "date-time": parsing time "{text}" {reason}'
    )


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("2024-05-01T25:00:00Z", "hour"),
        ("2024-05-01T10:60:00Z", "minute"),
        ("2024-05-01T10:20:60Z", "second"),
        ("2024-04-31T10:20:30Z", "day"),
        ("2024-05-01T10:20:30+25:00", "time zone offset hour"),
        ("2024-05-01T10:20:30+10:61", "time zone offset minute"),
    ],
)
def test_times_out_of_range(text, part):
    expected = f'string doesn\'t match the format "date-time": parsing time "{text}": {part} out of range'
    assert violation("date-time", text) == expected


@pytest.mark.parametrize("text", ["", "YWJj", "YQ==", "a-_/+", "YQ"])
def test_bytes(text):
    assert violation("byte", text) is None


@pytest.mark.parametrize("text", ["a=b", "a b", "YQ==\n", "\u00e9"])
def test_what_is_no_base64(text):
    reason = r'string doesn\'t match pattern "(^$|^[a-zA-Z0-9+/\-_]*=*$)"'.replace("\\'", "'")
    assert violation("byte", text) == f'string doesn\'t match the format "byte": {reason}'


@pytest.mark.parametrize("format_", ["email", "uuid", "uri", "ipv4", "int32", "binary", "x"])
def test_other_formats_are_not_checked(format_):
    assert violation(format_, "?") is None


def test_formats_are_for_text():
    assert OpenApiSchema({"format": "date"}, {}, version="3.0", pointer="").violation(3) is None
