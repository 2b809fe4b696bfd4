"""A corpus of mutilated order exports, made from small clean ones, the same each time."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator

import openpyxl
import pyarrow as pa
from pyarrow import parquet

HEADER = ["order_id", "customer_id", "ordered_at", "product_id", "product_name", "quantity", "unit_price", "currency"]
PRODUCTS = ['Mug, "large"', "Tea towel", "Größe L", "茶杯"]


def order_rows(count: int = 24) -> list[list[str]]:
    """Write the rows of a clean export, two to an order."""
    rows = []
    for row in range(count):
        order = row // 2
        day = f"2025-{1 + order % 9:02}-{1 + order:02} 10:00:00"
        told = [f"{1001 + order}", f"buyer{order % 5}@example.com", day, f"P{row % 4}", PRODUCTS[row % 4]]
        rows.append([*told, f"{1 + row % 3}", f"{row}.50", "EUR"])
    return rows


def as_csv(rows: list[list[str]], *, header: list[str] | None = None, mark: str = ",", end: str = "\n") -> str:
    """Write rows as CSV, quoted where they must be."""

    def cell(value: str) -> str:
        return '"' + value.replace('"', '""') + '"' if any(sign in value for sign in f'{mark}"\r\n') else value

    return "".join(mark.join(map(cell, row)) + end for row in [header or HEADER, *rows])


def as_xlsx(*sheets: list[list[object]]) -> bytes:
    """Write sheets as a workbook."""
    workbook, written = openpyxl.Workbook(), io.BytesIO()
    workbook.remove(workbook.active)
    for sheet in sheets:
        added = workbook.create_sheet()
        for row in sheet:
            added.append(row)
    workbook.save(written)
    return written.getvalue()


def as_parquet(rows: list[list[str]]) -> bytes:
    """Write rows as Parquet."""
    written = io.BytesIO()
    columns = zip(*rows, strict=True)
    parquet.write_table(pa.table(dict(zip(HEADER, map(list, columns), strict=True))), written)
    return written.getvalue()


def as_json_lines(rows: list[list[str]]) -> bytes:
    """Write rows as JSON, an object a line."""
    return "".join(json.dumps(dict(zip(HEADER, row, strict=True))) + "\n" for row in rows).encode()


def as_zip(members: dict[str, bytes]) -> bytes:
    """Write an archive."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def clean_files() -> dict[str, bytes]:
    """Write the clean export in every kind of file."""
    rows = order_rows()
    text = as_csv(rows)
    return {
        "csv": text.encode(),
        "xlsx": as_xlsx([HEADER, *rows]),
        "parquet": as_parquet(rows),
        "jsonl": as_json_lines(rows),
        "gzip": gzip.compress(text.encode(), mtime=0),
        "zip": as_zip({"june.csv": text.encode()}),
        "gbk": as_csv(rows).encode("gb18030"),
        "utf16": text.encode("utf-16"),
    }


def truncated(content: bytes, *, places: int) -> Iterator[bytes]:
    """Cut a file off at places all over it."""
    for place in range(places):
        yield content[: 1 + len(content) * place // places]


def flipped(content: bytes, *, times: int, seed: int) -> Iterator[bytes]:
    """Change a few bytes anywhere, more each time."""
    chance = random.Random(seed)
    for time in range(times):
        changed = bytearray(content)
        for _ in range(1 + 2 * time):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        yield bytes(changed)


def patched(content: bytes, *, times: int, seed: int) -> Iterator[bytes]:
    """Take a stretch out, or write one twice."""
    chance = random.Random(seed)
    for time in range(times):
        start = chance.randrange(len(content))
        stop = start + chance.randrange(1, 60)
        yield content[:start] + (content[start:stop] * 2 if time % 2 else b"") + content[stop:]


def shuffled_columns(rows: list[list[str]], *, seed: int) -> str:
    """Write the columns in another order."""
    order = random.Random(seed).sample(range(len(HEADER)), len(HEADER))
    return as_csv([[row[place] for place in order] for row in rows], header=[HEADER[place] for place in order])


def text_cases() -> dict[str, str]:
    """Write texts that are wrong in a way of their own."""
    rows = order_rows()
    text = as_csv(rows)
    lines = text.splitlines(keepends=True)
    cases = {f"columns shuffled {seed}": shuffled_columns(rows, seed=seed) for seed in range(6)}
    for place, name in enumerate(HEADER):
        cases[f"{name} renamed"] = text.replace(name, f"{name} old", 1)
        cases[f"{name} left out"] = as_csv(
            [row[:place] + row[place + 1 :] for row in rows], header=HEADER[:place] + HEADER[place + 1 :]
        )
        cases[f"{name} holds words"] = as_csv([[*row[:place], "x'\"; --", *row[place + 1 :]] for row in rows])
    cases |= {
        "a column twice": as_csv([[*row, row[0]] for row in rows], header=[*HEADER, HEADER[0]]),
        "semicolons": as_csv(rows, mark=";"),
        "tabs": as_csv(rows, mark="\t"),
        "bars": as_csv(rows, mark="|"),
        "old Mac": as_csv(rows, end="\r"),
        "mixed line ends": "".join(line.replace("\n", ("\n", "\r\n", "\r")[i % 3]) for i, line in enumerate(lines)),
        "title": "Orders of June\n\n" + text,
        "header again": lines[0] + "".join(lines[1:9]) + lines[0] + "".join(lines[9:]),
        "total": text + "Total,,,,,72,300.00,\n",
        "blank lines": "\n\n".join(lines),
        "rows of delimiters": text + ",,,,,,,\n" * 5,
        "short rows": "".join(line if i % 5 else line[:20].replace('"', "") + "\n" for i, line in enumerate(lines)),
        "long rows": "".join(line if i % 5 else line.rstrip() + ",a,b\n" for i, line in enumerate(lines)),
        "open quote": text.replace("Tea towel", '"Tea towel', 1),
        "open quotes": text.replace("Tea towel", '"Tea towel'),
        "quotes within": text.replace("Tea towel", 'Tea "towel"'),
        "quotes in quotes": text.replace("Tea towel", '"Tea ""towel"""'),
        "quotes not doubled": text.replace("Tea towel", '"Tea "towel""'),
        "line end in quotes": text.replace("Tea towel", '"Tea\ntowel"'),
        "lines in quotes": text.replace("Tea towel", '"' + "".join(lines[1:3]).replace('"', "") + '"', 1),
        "only quotes": '"' * 999,
        "only header": lines[0],
        "header without end": lines[0].strip(),
        "empty": "",
        "blanks": " \n \n\t\n",
        "one letter": "a",
        "one column": "order_id\n" + "1\n" * 9,
        "huge value": text.replace("Tea towel", "x" * 10_000_000, 1),
        "huge quoted value": text.replace("Tea towel", '"' + "x\n" * 3_000_000 + '"', 1),
        "huge header": "x" * 1_000_000 + text,
        "many columns": ",".join(f"c{place}" for place in range(200)) + "\n" + "1," * 199 + "1\n",
        "too many columns": "," * 100_000 + "\n",
        "same names": ",".join(["order_id"] * 30) + "\n" + "1," * 29 + "1\n",
        "zeros": text.replace("Tea", "T\x00a"),
        "controls": text.replace("Tea", "\x01\x1b\x7f\x0b\x0c"),
        "separators of lines": text.replace("Tea", "\u2028\x85\x1c"),
        "surrogate pairs": text.replace("Tea", "😀"),
        "right to left": text.replace("Tea", "\u202eTea"),
        "dates nobody has": text.replace("2025-", "0000-"),
        "days beyond": text.replace("2025-01-", "2025-13-"),
        "numbers beyond": text.replace(".50", "e308"),
        "no numbers": text.replace(".50", ".NaN"),
        "infinite": text.replace("0.50", "inf"),
        "long numbers": text.replace(".50", "9" * 400),
        "SQL": text.replace("Tea towel", "'); drop table orders; --"),
        "formulas": text.replace("Tea towel", "=cmd|'/c calc'!A1"),
        "web page": f"<html><table>{text}</table></html>",
        "XML": f"<?xml version='1.0'?><orders>{text}</orders>",
    }
    return cases


def byte_cases() -> dict[str, bytes]:
    """Write files that are wrong in their bytes."""
    text = as_csv(order_rows())
    chance = random.Random(7)
    halves = text.encode(), text.encode("cp1252", "replace")
    return {
        "half in another encoding": halves[0] + halves[1],
        "one line in another encoding": halves[0] + text.splitlines()[3].encode("cp1252", "replace"),
        "half Chinese": halves[0] + text.encode("gb18030"),
        "Windows-1252": halves[1],
        "UTF-8 with its mark": text.encode("utf-8-sig"),
        "UTF-16 without its mark": text.encode("utf-16-le"),
        "UTF-16, the other way": b"\xfe\xff" + text.encode("utf-16-be"),
        "UTF-16 with an odd byte": text.encode("utf-16") + b"x",
        "UTF-16 of nothing": b"\xff\xfe",
        "UTF-32": text.encode("utf-32"),
        "marks only": b"\xef\xbb\xbf" * 3,
        "zeros": b"\x00" * 5_000,
        "all bytes": bytes(range(256)) * 40,
        "high bytes": bytes(range(128, 256)) * 40,
        **{f"random {size}": chance.randbytes(size) for size in (1, 2, 3, 4, 8, 64, 1_000, 100_000)},
        "random behind a header": ",".join(HEADER).encode() + b"\n" + chance.randbytes(5_000),
        "gzip in gzip": gzip.compress(gzip.compress(text.encode(), mtime=0), mtime=0),
        "gzip twice over": gzip.compress(text.encode(), mtime=0) * 2,
        "gzip and rubbish": gzip.compress(text.encode(), mtime=0) + b"rubbish",
        "gzip bomb": gzip.compress(b"1,2,3,4,5,6,7,8\n" * 2**16, mtime=0) * 300,
        "zip in zip": as_zip({"inner.zip": as_zip({"june.csv": text.encode()})}),
        "zip of nothing": as_zip({}),
        "zip that climbs": as_zip({"../../june.csv": text.encode()}),
        "zip of others": as_zip({"a.pdf": b"%PDF", "b.png": b"\x89PNG"}),
        "zip of an empty file": as_zip({"june.csv": b""}),
        "zip bomb": as_zip({"june.csv": b"\x00" * 120_000_000}),
        "zip with more than it says": lying(as_zip({"june.csv": text.encode() * 50})),
        "deep JSON": b'{"order_id":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
        "endless JSON": b"[" * 1_000_000,
        "JSON of lists": b"[[1,2],[3,4]]",
        "JSON of numbers": b"1\n2\n3\n",
        "JSON of nothing": b"{}\n{}\n",
        "JSON list": b"[" + b",".join(as_json_lines(order_rows()).splitlines()) + b"]",
        "JSON with broken lines": as_json_lines(order_rows()).replace(b'"EUR"}', b'"EUR"', 3),
        "JSON in another encoding": as_json_lines(order_rows()).replace(b"Tea", b"T\xe9"),
        "JSON of many fields": json.dumps({f"f{place}": place for place in range(8_000)}).encode(),
        "JSON with fields twice": b'{"order_id": 1, "order_id": 2, "ORDER_ID": 3}\n',
        "PDF": b"%PDF-1.7\n" + chance.randbytes(500),
        "log": b'198.51.100.7 - - [01/Jun/2025:10:00:00 +0200] "GET /cart HTTP/1.1" 200 512 "-" "x"\n' * 9,
    }


def lying(archive: bytes) -> bytes:
    """Let an archive say that its member is smaller than it is."""
    changed, place = bytearray(archive), archive.index(b"PK\x01\x02")
    changed[place + 24 : place + 28] = (100).to_bytes(4, "little")
    return bytes(changed)


def workbook_cases() -> dict[str, bytes]:
    """Write workbooks that are wrong in a way of their own."""
    rows = order_rows()
    formulas = [[*row[:5], "=1+1", "=1/0", "EUR"] for row in rows]
    far = openpyxl.Workbook()
    far.active["A1"], far.active["XFD1048576"] = "order_id", 1
    written = io.BytesIO()
    far.save(written)
    clean = clean_files()["xlsx"]
    sheet = zipfile.ZipFile(io.BytesIO(clean)).read("xl/worksheets/sheet1.xml")
    return {
        "formulas": as_xlsx([HEADER, *formulas]),
        "no rows": as_xlsx([HEADER]),
        "no cells": as_xlsx([]),
        "other sheets": as_xlsx([["Read me"]], [HEADER, *rows], [["a", "b"], [1, 2]]),
        "a cell far outside": written.getvalue(),
        "a sheet cut off": replaced(clean, "xl/worksheets/sheet1.xml", sheet[: len(sheet) // 2]),
        "a sheet of rubbish": replaced(clean, "xl/worksheets/sheet1.xml", b"\x00rubbish<"),
        "no sheet": replaced(clean, "xl/worksheets/sheet1.xml", None),
        "no content": replaced(clean, "xl/workbook.xml", b""),
        "an old one": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000),
        "a locked one": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
    }


def replaced(archive: bytes, name: str, content: bytes | None) -> bytes:
    """Replace a member of an archive, or leave it out."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members = {member: opened.read(member) for member in opened.namelist()}
    return as_zip({member: told for member, told in (members | {name: content}).items() if told is not None})


def corpus() -> dict[str, bytes]:
    """Write the whole corpus: at least 200 files by name."""
    files = clean_files()
    ways: dict[str, Callable[[bytes], Iterator[bytes]]] = {
        "truncated": lambda content: truncated(content, places=4),
        "flipped": lambda content: flipped(content, times=2, seed=len(content)),
        "patched": lambda content: patched(content, times=2, seed=len(content)),
    }
    mutilated = {f"clean {kind}": content for kind, content in files.items()}
    for kind, content in files.items():
        for way, mutilate in ways.items():
            changed = list(enumerate(mutilate(content)))
            few = changed[-2:] if kind == "xlsx" else changed  # each starts a process
            mutilated |= {f"{kind} {way} {number}": one for number, one in few}
    mutilated |= {f"text: {name}": text.encode("utf-8", "surrogatepass") for name, text in text_cases().items()}
    mutilated |= {f"bytes: {name}": content for name, content in byte_cases().items()}
    return mutilated | {f"workbook: {name}": content for name, content in workbook_cases().items()}
