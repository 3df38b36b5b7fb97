"""WHIP encoders that are not ours: a browser, and aiortc as it comes out of the box."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from playwright.async_api import Page

TOKEN = "good"

# A page that draws and hums. It offers what browsers offer, VP8 first, and knows nothing of us.
PAGE_SCRIPT = """
async ({url, token, trickle, sound}) => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [640, 360];
  document.body.append(canvas);
  const pen = canvas.getContext('2d');
  let count = 0;
  setInterval(() => {
    pen.fillStyle = `hsl(${count * 7 % 360} 80% 50%)`;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = 'white';
    pen.fillRect(count * 5 % canvas.width, 40, 60, 60);
    count += 1;
  }, 33);
  const stream = canvas.captureStream(30);
  const pc = new RTCPeerConnection();
  const headers = {Authorization: `Bearer ${token}`};
  pc.addTransceiver(stream.getVideoTracks()[0], {direction: 'sendonly', streams: [stream]});
  if (sound) {
    const audio = new AudioContext();
    const hum = audio.createOscillator();
    const merged = audio.createChannelMerger(2);
    const out = new MediaStreamAudioDestinationNode(audio, {channelCount: 2});
    hum.connect(merged, 0, 0);
    hum.connect(merged, 0, 1);
    merged.connect(out);
    hum.start();
    pc.addTransceiver(out.stream.getAudioTracks()[0], {direction: 'sendonly', streams: [stream]});
  }
  const found = [];
  let send = (candidate) => found.push(candidate);
  const gathered = new Promise((done) => {
    pc.onicecandidate = ({candidate}) => candidate ? send(candidate) : done();
  });
  await pc.setLocalDescription();
  const bare = pc.localDescription.sdp;
  if (!trickle) await gathered;
  const sdp = trickle ? bare : pc.localDescription.sdp;
  const posted = await fetch(url, {
    method: 'POST', body: sdp, headers: {...headers, 'Content-Type': 'application/sdp'},
  });
  if (posted.status !== 201) throw new Error(await posted.text());
  const location = new URL(posted.headers.get('Location'), url).href;
  const patched = [];
  if (trickle) {
    const ufrag = bare.match(/a=ice-ufrag:(.*)/)[1].trim();
    const pwd = bare.match(/a=ice-pwd:(.*)/)[1].trim();
    send = async (candidate) => {
      const body = `a=ice-ufrag:${ufrag}\\r\\na=ice-pwd:${pwd}\\r\\nm=video 9 RTP/AVP 0\\r\\n` +
        `a=mid:${candidate.sdpMid}\\r\\na=${candidate.candidate}\\r\\n`;
      const type = {'Content-Type': 'application/trickle-ice-sdpfrag'};
      const reply = await fetch(location, {method: 'PATCH', body, headers: {...headers, ...type}});
      patched.push(reply.status);
    };
    await Promise.all(found.map(send));
  }
  await pc.setRemoteDescription({type: 'answer', sdp: await posted.text()});
  await new Promise((done, failed) => {
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === 'connected') done();
      if (pc.connectionState === 'failed') failed(new Error('not connected'));
    };
    if (pc.connectionState === 'connected') done();
  });
  window.encoder = {pc, canvas, patched};
  return location;
}
"""


@dataclass
class BrowserEncoder:
    """A page that sends a canvas and a hum by WHIP."""

    page: Page
    location: str

    @classmethod
    async def open(
        cls, page: Page, url: str, *, trickle: bool = False, sound: bool = True
    ) -> BrowserEncoder:
        given = {"url": url, "token": TOKEN, "trickle": trickle, "sound": sound}
        return cls(page, await page.evaluate(PAGE_SCRIPT, given))

    async def resize(self, width: int, height: int) -> None:
        """Draw in another size from now on."""
        await self.page.evaluate(
            "([w, h]) => { encoder.canvas.width = w; encoder.canvas.height = h; }", [width, height]
        )

    async def patched(self) -> list[int]:
        """How the server took the candidates."""
        found: list[int] = await self.page.evaluate("encoder.patched")
        return found

    async def encoded(self) -> int:
        """How many pictures the browser has encoded."""
        script = """async () => {
          const all = [...(await encoder.pc.getStats()).values()];
          return all.find((s) => s.type === 'outbound-rtp' && s.kind === 'video').framesEncoded;
        }"""
        count: int = await self.page.evaluate(script)
        return count


@asynccontextmanager
async def stock_aiortc(
    client: aiohttp.ClientSession, path: str, token: str = TOKEN
) -> AsyncIterator[str]:
    """aiortc as it comes out of the box: it encodes itself, in real time. Yields the session."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTrack(AudioStreamTrack())
    pc.addTrack(VideoStreamTrack())
    try:
        await pc.setLocalDescription(await pc.createOffer())
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
        async with client.post(path, data=pc.localDescription.sdp, headers=headers) as reply:
            if reply.status != 201:
                raise AssertionError(await reply.text())
            answer = RTCSessionDescription(await reply.text(), "answer")
            location = reply.headers["Location"]
        await pc.setRemoteDescription(answer)
        yield location
    finally:
        await pc.close()
