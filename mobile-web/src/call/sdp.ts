interface Codec {
	mimeType: string;
	sdpFmtpLine?: string;
}

/**
 * The codecs to offer for video: H.264 in the profile that the camera encodes first, and what
 * H.264 needs beside it. Everything when this browser has no H.264, so that the answer can say so.
 */
export function h264First<T extends Codec>(codecs: readonly T[]): T[] {
	const h264 = codecs.filter((codec) => codec.mimeType.toLowerCase() === "video/h264");
	if (h264.length === 0) return [...codecs];
	const repair = codecs.filter((codec) => /^video\/(rtx|red|ulpfec)$/i.test(codec.mimeType));
	return [...h264.sort((a, b) => rank(a) - rank(b)), ...repair];
}

function rank(codec: Codec): number {
	const parameters = codec.sdpFmtpLine ?? "";
	const mode = parameters.includes("packetization-mode=1") ? 0 : 10;
	const profile = /profile-level-id=([0-9a-f]{4})/i.exec(parameters)?.[1]?.toLowerCase();
	// 42e0: constrained baseline, what the camera sends. 4200: baseline, nearly the same.
	return mode + (profile === "42e0" ? 0 : profile === "4200" ? 1 : 2);
}

interface Candidate {
	candidate: string;
	sdpMid: string | null;
}

/** Late candidates as `application/trickle-ice-sdpfrag` (RFC 8840), with the offer's credentials. */
export function trickleFragment(offer: string, candidates: readonly Candidate[]): string {
	const lines = [line(offer, "a=ice-ufrag:"), line(offer, "a=ice-pwd:")];
	const mids = new Set(candidates.map((each) => each.sdpMid ?? "0"));
	for (const mid of mids) {
		lines.push(mediaLine(offer, mid), `a=mid:${mid}`);
		for (const each of candidates) {
			if ((each.sdpMid ?? "0") !== mid) continue;
			lines.push(each.candidate ? `a=${each.candidate}` : "a=end-of-candidates");
		}
	}
	return `${lines.filter((each) => each !== "").join("\r\n")}\r\n`;
}

function line(sdp: string, start: string): string {
	return sdp.split(/\r?\n/).find((each) => each.startsWith(start)) ?? "";
}

function mediaLine(sdp: string, mid: string): string {
	const section = sdp
		.split(/^(?=m=)/m)
		.find((each) => each.split(/\r?\n/).includes(`a=mid:${mid}`));
	const kind = /^m=(\w+)/.exec(section ?? "")?.[1] ?? "video";
	return kind === "application"
		? "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"
		: `m=${kind} 9 UDP/TLS/RTP/SAVPF 0`;
}
