"""Scripts that tests and benchmarks run in the app's page to see what a person sees."""

# Reads the capture time that the twin draws into its pictures (media/timecode.py): 54 blocks of
# 16 px in the first 16 rows, at a picture width of 1280. Null when the strip cannot be read.
READ_TIMECODE = """
(video) => {
  const scale = video.videoWidth / 1280;
  const block = 16 * scale;
  const canvas = new OffscreenCanvas(video.videoWidth, Math.ceil(block));
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.drawImage(video, 0, 0);
  const bits = [];
  for (let index = 0; index < 54; index += 1) {
    const x = Math.floor((index + 0.5) * block);
    const [red] = pen.getImageData(x, Math.floor(block / 2), 1, 1).data;
    bits.push(red > 127 ? 1 : 0);
  }
  if (bits[0] !== 1 || bits[1] !== 0) return null;
  let time = 0;
  for (const bit of bits.slice(2, 46)) time = time * 2 + bit;
  let sum = 0;
  for (let rest = time; rest > 0; rest = Math.floor(rest / 256)) sum = (sum + (rest % 256)) % 256;
  const check = bits.slice(46).reduce((value, bit) => value * 2 + bit, 0);
  return sum === check ? time : null;
}
"""

# Capture-to-screen times (ms) of the next `count` pictures that the page presents.
PICTURE_AGES = (
    """
([video, count]) => new Promise((resolve) => {
  const read = """
    + READ_TIMECODE
    + """;
  const ages = [];
  const look = () => {
    const captured = read(video);
    if (captured !== null) ages.push(Date.now() - captured);
    if (ages.length >= count) resolve(ages); else video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
})
"""
)

# Loudness of what the page's live element plays: the largest RMS seen within `limit_ms`.
LOUDNESS = """
async ([media, limit_ms]) => {
  const context = new AudioContext();
  const stream = media.srcObject;
  const meter = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(meter);
  const samples = new Float32Array(meter.fftSize);
  let loudest = 0;
  const until = performance.now() + limit_ms;
  while (performance.now() < until) {
    meter.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
    loudest = Math.max(loudest, Math.sqrt(power));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await context.close();
  return loudest;
}
"""

# The name of the binding that `MEET_AT_RELAYS` asks: takes an SDP answer, returns it rewritten.
RELAYED_ANSWER = "doorstepRelayedAnswer"

# An init script: offers have no addresses and none are trickled, answers are rewritten by the
# binding, so that both ends meet only at the relays of tests/support/link_emulator.py.
MEET_AT_RELAYS = (
    """
(() => {
  const Native = globalThis.RTCPeerConnection;
  const isAddress = (line) => /^a=(candidate:|end-of-candidates)/.test(line);
  const bare = (sdp) => sdp.split('\\r\\n').filter((line) => !isAddress(line)).join('\\r\\n');
  globalThis.RTCPeerConnection = class extends Native {
    get localDescription() {
      const own = super.localDescription;
      return own && { type: own.type, sdp: bare(own.sdp), toJSON: () => own.toJSON() };
    }
    get onicecandidate() { return null; }
    set onicecandidate(_) {}
    addEventListener(type, ...rest) {
      if (type !== 'icecandidate') super.addEventListener(type, ...rest);
    }
    async setRemoteDescription(description) {
      if (description.type !== 'answer') return super.setRemoteDescription(description);
      const sdp = await globalThis."""
    + RELAYED_ANSWER
    + """(description.sdp);
      return super.setRemoteDescription({ type: 'answer', sdp });
    }
  };
})();
"""
)

# Begins to note every picture that a video element presents from now on.
WATCH_PICTURES = """
(video) => {
  const shown = (globalThis.doorstepShown = []);
  const look = () => {
    shown.push([performance.now(), video.videoWidth]);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}
"""

# The time now, and [time, width] of every picture noted; times in ms since the page's beginning.
PICTURES_SHOWN = "() => [performance.now(), globalThis.doorstepShown]"
