"""Loves and hates recordings with liblistenbrainz and reads that back; tells what it saw as a line
of JSON.

Arguments: URL of the API, a listener's token, the listener's name.
"""

import json
import sys
import time

from liblistenbrainz import Listen, ListenBrainz
from liblistenbrainz.errors import ListenBrainzAPIException

url, token, user = sys.argv[1:]
heard = "98255a8c-017a-4bc7-8dd6-1fa36124572b"
playing = "5465ca86-3881-4349-81b2-6efbd3a59451"
unheard = "11111111-1111-4111-8111-111111111111"
seen = {}

client = ListenBrainz(api_base_url=url)
client.set_auth_token(token)


def wait_for(is_so):
    deadline = time.time() + 90
    while not is_so() and time.time() < deadline:
        time.sleep(0.5)


def shown():
    answer = client.get_user_feedback(user, score=None, metadata=True)
    return [
        [item["recording_mbid"], item["score"], item["track_metadata"]["track_name"]]
        for item in answer["feedback"]
    ]


client.submit_single_listen(
    Listen(
        track_name="Fade",
        artist_name="Kanye West",
        listened_at=1_700_000_000,
        recording_mbid=heard,
    )
)
wait_for(lambda: client.get_user_listen_count(user) == 1)
seen["love"] = client.submit_user_feedback(1, heard)
client.submit_playing_now(
    Listen(track_name="Paranoid", artist_name="Kanye West", recording_mbid=playing)
)
seen["hate"] = client.submit_user_feedback(-1, playing)
try:
    client.submit_user_feedback(1, unheard)
except ListenBrainzAPIException as error:
    seen["unknown"] = [error.status_code, error.message]
wait_for(lambda: len(shown()) == 2)
seen["feedback"] = shown()
seen["loved"] = client.get_user_feedback(user, score=1, metadata=False)["count"]
seen["taken back"] = client.submit_user_feedback(0, heard)
wait_for(lambda: len(shown()) == 1)
seen["left"] = shown()
print(json.dumps(seen))
