import { describe, expect, it } from "vitest";
import { h264First, trickleFragment } from "../src/call/sdp";

const codec = (mimeType: string, sdpFmtpLine = "") => ({ mimeType, sdpFmtpLine });

describe("the codecs of an offer", () => {
	it("begin with what the camera encodes, and leave out what it does not", () => {
		const vp8 = codec("video/VP8");
		const rtx = codec("video/rtx");
		const high = codec("video/H264", "packetization-mode=1;profile-level-id=640c1f");
		const base = codec("video/H264", "packetization-mode=1;profile-level-id=42001f");
		const ours = codec("video/H264", "packetization-mode=1;profile-level-id=42e01f");
		const single = codec("video/H264", "packetization-mode=0;profile-level-id=42e01f");
		expect(h264First([vp8, rtx, single, high, base, ours])).toEqual([
			ours,
			base,
			high,
			single,
			rtx,
		]);
	});

	it("are all there when this browser has no H.264", () => {
		const codecs = [codec("video/VP8"), codec("video/rtx")];
		expect(h264First(codecs)).toEqual(codecs);
	});
});

describe("a trickled fragment", () => {
	const offer = [
		"v=0",
		"a=group:BUNDLE 0 1",
		"m=video 9 UDP/TLS/RTP/SAVPF 96",
		"a=ice-ufrag:abcd",
		"a=ice-pwd:0123456789012345678901",
		"a=mid:0",
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
		"a=mid:1",
		"",
	].join("\r\n");

	it("carries the offer's credentials and the candidates of each part", () => {
		const one = "candidate:1 1 udp 2122260223 192.0.2.1 54321 typ host";
		const fragment = trickleFragment(offer, [
			{ candidate: one, sdpMid: "0" },
			{ candidate: "", sdpMid: "1" },
		]);
		expect(fragment.split("\r\n")).toEqual([
			"a=ice-ufrag:abcd",
			"a=ice-pwd:0123456789012345678901",
			"m=video 9 UDP/TLS/RTP/SAVPF 0",
			"a=mid:0",
			`a=${one}`,
			"m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
			"a=mid:1",
			"a=end-of-candidates",
			"",
		]);
	});
});
