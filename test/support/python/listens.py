"""Submits listens with liblistenbrainz and reads them back; tells what it saw as one line of JSON.

Arguments: URL of the API, a listener's token, the listener's name.
"""

import json
import sys
import time

from liblistenbrainz import Listen, ListenBrainz
from liblistenbrainz.errors import InvalidAuthTokenException, ListenBrainzAPIException

url, token, user = sys.argv[1:]
seen = {}

client = ListenBrainz(api_base_url=url)
try:
    client.set_auth_token("no token of theirs")
except InvalidAuthTokenException:
    seen["invalid token"] = "refused"
client.set_auth_token(token)

single = Listen(
    track_name="Fade",
    artist_name="Kanye West",
    release_name="The Life of Pablo",
    listened_at=1_700_000_000,
    recording_mbid="98255a8c-017a-4bc7-8dd6-1fa36124572b",
    artist_mbids=["db92a151-1ac2-438b-bc43-b82e149ddd50"],
    tags=["hip hop", "日本"],
    tracknumber=17,
    listening_from="Spotify",
    additional_info={"duration_ms": 194000, "nested": {"a": 1}},
)
seen["single"] = client.submit_single_listen(single)

history = [
    Listen(track_name=f"Title {n}", artist_name="Sigur Rós", listened_at=1_700_086_400 + 60 * n)
    for n in range(30)
]
seen["import"] = client.submit_multiple_listens(history)
# A client that got no answer sends again: nothing is there twice.
seen["again"] = client.submit_multiple_listens(history)

playing = Listen(track_name="Hoppípolla", artist_name="Sigur Rós", release_name="Takk…")
seen["playing_now"] = client.submit_playing_now(playing)
now = client.get_playing_now(user)
seen["playing"] = [now.artist_name, now.track_name, now.release_name, now.listened_at]

try:
    client.submit_single_listen(Listen(track_name="x", artist_name="y", listened_at=7))
except ListenBrainzAPIException as error:
    seen["refused"] = [error.status_code, error.message]

deadline = time.time() + 90
while client.get_user_listen_count(user) < 31 and time.time() < deadline:
    time.sleep(0.5)
seen["count"] = client.get_user_listen_count(user)


def shown(listens):
    return [[listen.listened_at, listen.artist_name, listen.track_name] for listen in listens]


listens = client.get_listens(user)
seen["newest"] = shown(listens)
seen["before"] = shown(client.get_listens(user, max_ts=1_700_086_460))
seen["after"] = shown(client.get_listens(user, min_ts=1_700_086_460, count=2))
seen["all"] = len(client.get_listens(user, count=100))
oldest = client.get_listens(user, max_ts=1_700_000_001)[0]
seen["oldest"] = {
    "release_name": oldest.release_name,
    "recording_mbid": oldest.recording_mbid,
    "artist_mbids": oldest.artist_mbids,
    "tags": oldest.tags,
    "tracknumber": oldest.tracknumber,
    "listening_from": oldest.listening_from,
    "duration_ms": oldest.additional_info["duration_ms"],
    "nested.a": oldest.additional_info["nested.a"],
    "recording_msid": oldest.recording_msid,
}
seen["remaining"] = client.remaining_requests
seen["reset_in"] = client.ratelimit_reset_in
print(json.dumps(seen))
