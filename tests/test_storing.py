"""Copies, recovery and proofs as a user makes them, of a store that real collections fill."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import msgspec

from annexlog.cli import run
from annexlog.cli.shapes import ProofChecked, ProofMade
from annexlog.evidence_store import keys
from tests.estate import REGION
from tests.home import TARGET, Home

SCOPE = "aws/123456789012"


def checkpoint(home: Home, file: Path) -> Path:
    """The newest checkpoint, kept elsewhere."""
    with closing(sqlite3.connect(home.store)) as connection:
        note = connection.execute("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()[0]
    file.write_bytes(note)
    return file


def test_a_lost_store_is_put_back_from_a_copy_and_the_next_collection_goes_on(home: Home, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert home.annexlog("collect").code in (0, 1, 3)

    made = home.annexlog("store", "backup", str(copy), "--verify")
    kept = checkpoint(home, tmp_path / "kept")
    for file in home.folder.glob("evidence.db*"):
        file.unlink()
    shutil.copy(copy, home.store)
    restored = home.annexlog("verify", "--checkpoint", str(kept))
    again = home.annexlog("collect")
    after = home.annexlog("verify", "--checkpoint", str(kept))

    assert (made.code, "the copy verifies" in made.out, stat.S_IMODE(copy.stat().st_mode)) == (0, True, 0o600)
    assert (restored.code, again.code in (0, 1, 3), after.code) == (0, True, 0)


def test_a_store_put_back_from_too_old_a_copy_is_shown_by_a_checkpoint_kept_elsewhere(
    home: Home, tmp_path: Path
) -> None:
    home.annexlog("collect")
    home.annexlog("store", "backup", str(tmp_path / "old.db"))
    home.annexlog("assess")
    kept = checkpoint(home, tmp_path / "kept")
    for file in home.folder.glob("evidence.db*"):
        file.unlink()
    shutil.copy(tmp_path / "old.db", home.store)
    home.annexlog("assess")
    home.annexlog("assess")

    alone, against = home.annexlog("verify"), home.annexlog("verify", "--checkpoint", str(kept))

    assert (alone.code, against.code, "are not those that it signs" in against.out) == (0, 1, True)


def test_a_store_is_compacted_and_a_file_that_is_there_is_not_written_over(home: Home, tmp_path: Path) -> None:
    home.annexlog("collect")
    (tmp_path / "there.db").write_text("precious")

    done, refused = home.annexlog("store", "compact"), home.annexlog("store", "backup", str(tmp_path / "there.db"))

    assert (done.code, "bytes before" in done.out, home.annexlog("verify").code) == (0, True, 0)
    assert (refused.code, refused.err) == (
        2,
        f"annexlog: {tmp_path / 'there.db'}: there is such a file already. Give another name.\n",
    )


def test_a_proof_is_checked_where_there_is_neither_store_nor_configuration(home: Home, tmp_path: Path) -> None:
    home.annexlog("collect")
    files = [tmp_path / "population.json", tmp_path / "outcomes.json"]
    of = (("--type", "aws.s3.bucket"), ("--test", "aws.s3.bucket-public-access-blocked"))
    made = [
        msgspec.json.decode(
            home.annexlog("proof", "make", str(file), "--scope", SCOPE, *what, "--json").out, type=ProofMade
        )
        for file, what in zip(files, of, strict=True)
    ]
    public = keys.public(home.folder / "annexlog.key").text

    home.capsys.readouterr()
    codes = [run(["proof", "check", str(file), "--public-key", public, "--json"]) for file in files]
    told = home.capsys.readouterr().out.replace("}\n{", "}\n\0{").split("\0")

    checked = [msgspec.json.decode(text, type=ProofChecked) for text in told]
    names = [f"arn:aws:s3:::{name}" for name in ("bare-bucket", "good-bucket", "open-bucket", "trail-bucket")]
    assert (codes, [one.entries for one in made]) == ([0, 0], [4, 4])
    assert [sorted(one.resources) for one in checked] == [names, names]
    assert checked[1].outcomes == {
        id: status for (test, _, id), status in home.outcomes("--test", of[1][1]).items() if test == of[1][1]
    }
    assert [one.newest == one.run for one in checked] == [True, True]


def test_a_population_is_listed_and_proven_at_once_where_it_is_of_one_scope(home: Home, tmp_path: Path) -> None:
    home.configure(TARGET.replace(f'["{REGION}"]', f'["{REGION}", "eu-central-1"]'))
    home.annexlog("collect")
    several, one = tmp_path / "several.json", tmp_path / "one.json"

    refused = home.annexlog("population", "aws.ec2.security_group", "--proof", str(several))
    listed = home.annexlog("population", "aws.s3.bucket", "--scope", SCOPE, "--proof", str(one))
    checked = home.annexlog("proof", "check", str(one))

    assert (refused.code, "a proof is of one population; there are 2" in refused.err, several.exists()) == (
        2,
        True,
        False,
    )
    assert (listed.code, "4 of aws.s3.bucket" in listed.out, stat.S_IMODE(one.stat().st_mode)) == (0, True, 0o600)
    assert (checked.code, "it was the newest look" in checked.out) == (0, True)


def test_a_proof_that_was_changed_does_not_hold(home: Home, tmp_path: Path) -> None:
    home.annexlog("collect")
    file = tmp_path / "population.json"
    home.annexlog("proof", "make", str(file), "--scope", SCOPE, "--type", "aws.s3.bucket")
    document = json.loads(file.read_text())
    document["leaves"].pop()
    file.write_text(json.dumps(document))

    told = home.annexlog("proof", "check", str(file))

    assert (told.code, "the proof of the population does not hold: it lists 3 resources" in told.err) == (2, True)


def test_what_was_never_looked_at_cannot_be_proven(home: Home, tmp_path: Path) -> None:
    home.annexlog("collect")

    told = home.annexlog("proof", "make", str(tmp_path / "x"), "--scope", SCOPE, "--type", "aws.nothing")

    assert (told.code, "nothing looked at aws/123456789012/aws.nothing" in told.err) == (2, True)
