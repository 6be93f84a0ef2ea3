"""What servers are known not to do, and what that means for HDF5: server -> test -> words.

A test fails where its server cannot do it and it is not here, and where it can and it is here.
"""

from __future__ import annotations

_LOOKS = "ArrayMorph finds out, warns, and looks before it commits: one writer of a file at a time"

_NO_CONDITIONS = {
    "test_create_only": _LOOKS,
    "test_replace_only": _LOOKS,
    "test_creators": _LOOKS,
    "test_replacers": _LOOKS,
}

KNOWN: dict[str, dict[str, str]] = {
    "seaweedfs": {
        "test_damaged": "ArrayMorph's checksums tell what was damaged when it is read",
        "test_backslash": "it stores it as `/`: use no backslash in names of files",
    },
    "garage": _NO_CONDITIONS,
    "minio": {"test_long_name": "names between slashes have at most 255 bytes, as on its disk"},
    "ceph": {
        "test_replace_accepted": f"it wants it without its quotes; {_LOOKS}",
        "test_replacers": _LOOKS,
        "test_trailer": "ArrayMorph sends none",
    },
    "moto": {
        "test_damaged": "it checks none",
        "test_wrong_trailer": "it checks none",
        "test_multipart": "its list of parts is called ListPartsResponse, S3's ListPartsResult",
    },
}

# Tests of the C++ conformance suite and of tests/python that fail on a server: name -> reason.
_CONDITIONS = "the server does not honour conditional writes"
_CONDITIONAL_TESTS = {
    "Stores/StoreTest.CreatesOnlyWhereAbsent/s3": _CONDITIONS,
    "Stores/StoreTest.ReplacesOnlyWhatMatches/s3": _CONDITIONS,
    "Stores/UploadTest.CreatesOnlyWhereAbsent/s3": _CONDITIONS,
    "Stores/StoreProbeTest.ConditionsAreHonoured/s3": _CONDITIONS,
    "S3ServerFaultTest.ConcurrentCreatesHaveOneWinner": _CONDITIONS,
}

_QUOTES = "16.2 compares If-Match with the entity tag without its quotes, and refuses all"

KNOWN_ELSEWHERE: dict[str, dict[str, str]] = {
    "garage": {
        **_CONDITIONAL_TESTS,
        "S3ServerFaultTest.WrongCredentialsAreNamed": "AccessDenied is its only code for them",
    },
    "ceph": {
        "Stores/StoreTest.ReplacesOnlyWhatMatches/s3": _QUOTES,
        "Stores/StoreProbeTest.ConditionsAreHonoured/s3": _QUOTES,
        "Stores/UploadTest.CreatesOnlyWhereAbsent/s3": "the end of an upload knows no conditions",
        "Stores/UploadTest.PartsInAnyOrderBecomeOneObject/s3": "the end of an upload tells no tag",
    },
}
