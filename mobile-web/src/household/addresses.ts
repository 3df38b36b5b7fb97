import { API } from "../api/http";

/** What other software wants to be told, ready to paste. */
export interface Pasted {
	readonly hook: "whep" | "go2rtc" | "whip" | "bearer";
	readonly text: string;
}

/** Where a token is good for something; `origin` is this server's. */
export function addressesOf(
	kind: "view" | "record",
	origin: string,
	doorbell: string,
	doorName: string,
	secret: string,
): readonly Pasted[] {
	const base = `${origin}${API}/doorbells/${doorbell}`;
	if (kind === "record") {
		return [
			{ hook: "whip", text: `${base}/recordings` },
			{ hook: "bearer", text: secret },
		];
	}
	const whep = `${base}/live?token=${secret}`;
	return [
		{ hook: "whep", text: whep },
		{ hook: "go2rtc", text: `streams:\n  ${streamName(doorName)}: webrtc:${whep}` },
	];
}

/** A name that needs no quotes in YAML or in an address. */
export function streamName(doorName: string): string {
	const plain = doorName
		.normalize("NFKD")
		.replace(/\p{M}/gu, "")
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, "_")
		.replace(/^_+|_+$/g, "");
	return /^[a-z]/.test(plain) ? plain : "doorbell";
}
