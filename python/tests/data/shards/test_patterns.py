"""Names of shards."""

import pytest

from swiftalexnet.data.shards.patterns import base_name, beside, default_index, shard_names


def names(shards):
    return list(shard_names(shards, "test"))


def test_braces(tmp_path):
    assert names("a-{08..11}.tar") == ["a-08.tar", "a-09.tar", "a-10.tar", "a-11.tar"]
    assert names("{x,y}/{0..1}.tar") == ["x/0.tar", "x/1.tar", "y/0.tar", "y/1.tar"]
    assert names(["b.tar", tmp_path / "{1..2}.tar"]) == ["b.tar", f"{tmp_path}/1.tar", f"{tmp_path}/2.tar"]
    assert names("http://host/{0..1}.tar?key=a//b") == ["http://host/0.tar?key=a//b", "http://host/1.tar?key=a//b"]


def test_addresses_for_openers():
    assert names("s3://bucket/{0..1}.tar") == ["s3://bucket/0.tar", "s3://bucket/1.tar"]
    assert base_name("s3://bucket/a.tar") == "a.tar" and beside("s3://bucket/a.tar", "b") == "s3://bucket/b"


def test_the_name_of_a_file_that_is_there_is_no_pattern(tmp_path):
    there = tmp_path / "{0..1}.tar"
    there.touch()
    assert names(there) == [str(there)]


@pytest.mark.parametrize(
    ("shards", "error", "message"),
    [
        ("a-{5..1}.tar", ValueError, "counts from 5 down to 1"),
        ("a-{x}.tar", ValueError, "neither a range"),
        ("a-{0..99999999}.tar", ValueError, "more than 1,048,576 shards"),
        ("a-{0..999999}{0..999999}.tar", ValueError, "more than 1,048,576 shards"),
        (["a.tar", "a.tar"], ValueError, "'a.tar' is named twice"),
        ([], ValueError, "expected at least one"),
        ("", ValueError, "not empty"),
        ("http://host/a\0.tar", ValueError, "is no address"),
        (7, TypeError, "shards is 7, expected a path"),
        ([7], TypeError, "a shard is 7"),
    ],
)
def test_what_is_no_name(shards, error, message):
    with pytest.raises(error, match=message):
        names(shards)


def test_places():
    assert base_name("https://host/a/b.tar?key=1") == base_name("/a/b.tar") == "b.tar"
    assert beside("https://host/a/b.tar?key=1", "c") == "https://host/a/c?key=1" and beside("b.tar", "c") == "c"
    assert default_index(["x/b.tar"])[1:] == default_index(["y/b.tar"])[1:]  # a folder may move
    assert default_index(["b.tar"]) != default_index(["b.tar", "c.tar"])
