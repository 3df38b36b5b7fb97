import { afterEach, describe, expect, it, vi } from "vitest";
import { decode, encode } from "../src/identity/base64url";
import { ServerClock } from "../src/identity/clock";
import { Identity } from "../src/identity/identity";
import { apiToken, MediaAddresses } from "../src/identity/tokens";

const text = new TextDecoder();

function parts(token: string): {
	header: Record<string, unknown>;
	claims: Record<string, unknown>;
} {
	const [header = "", claims = ""] = token.split(".");
	return {
		header: JSON.parse(text.decode(decode(header))),
		claims: JSON.parse(text.decode(decode(claims))),
	};
}

async function verified(identity: Identity, token: string): Promise<boolean> {
	const [header, claims, signature = ""] = token.split(".");
	const key = await crypto.subtle.importKey(
		"spki",
		decode(identity.record.publicKey),
		{ name: "ECDSA", namedCurve: "P-256" },
		false,
		["verify"],
	);
	return crypto.subtle.verify(
		{ name: "ECDSA", hash: "SHA-256" },
		key,
		decode(signature),
		new TextEncoder().encode(`${header}.${claims}`),
	);
}

afterEach(() => {
	vi.useRealTimers();
});

describe("a token for a request", () => {
	it("binds method, path and body, and is signed by the phone", async () => {
		const identity = await Identity.generate("Anna’s phone");
		const token = await apiToken(identity, new ServerClock(), "POST", "/api/v1/x?y=1", "body");
		const { header, claims } = parts(token);
		expect(header).toEqual({ alg: "ES256", typ: "JWT", kid: identity.id });
		const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("body"));
		expect(claims).toMatchObject({
			iss: identity.id,
			aud: "doorstep-api",
			purpose: "api",
			htm: "POST",
			htu: "/api/v1/x?y=1",
			bh: encode(new Uint8Array(digest)),
		});
		expect(Number(claims.exp) - Number(claims.iat)).toBe(60);
		expect(await verified(identity, token)).toBe(true);
	});

	it("has no body hash without a body, and never the same number twice", async () => {
		const identity = await Identity.generate("Phone");
		const clock = new ServerClock();
		const one = parts(await apiToken(identity, clock, "GET", "/"));
		const two = parts(await apiToken(identity, clock, "GET", "/"));
		expect(one.claims).not.toHaveProperty("bh");
		expect(one.claims.jti).not.toBe(two.claims.jti);
	});

	it("cannot be made with a key that leaves the browser", async () => {
		const identity = await Identity.generate("Phone");
		expect(identity.record.privateKey.extractable).toBe(false);
		expect(identity.id).toMatch(/^[a-z2-7]{26}$/);
	});
});

describe("a signed address", () => {
	it("opens exactly one path for ten minutes, and is used again meanwhile", async () => {
		const identity = await Identity.generate("Phone");
		const media = new MediaAddresses(identity, new ServerClock());
		const address = await media.sign("/api/v1/visits/1/clip.mp4");
		const [path, token = ""] = address.split("?token=");
		expect(path).toBe("/api/v1/visits/1/clip.mp4");
		const { claims } = parts(token);
		expect(claims).toMatchObject({
			aud: "doorstep-media",
			purpose: "media",
			path: "/api/v1/visits/1/clip.mp4",
		});
		expect(Number(claims.exp) - Number(claims.iat)).toBe(600);
		expect(await media.sign("/api/v1/visits/1/clip.mp4")).toBe(address);
		expect(media.ready("/api/v1/visits/2/clip.mp4")).toBeUndefined();
	});

	it("is signed anew long before it ends", async () => {
		vi.useFakeTimers({ toFake: ["Date"] });
		const media = new MediaAddresses(await Identity.generate("Phone"), new ServerClock());
		await media.sign("/x");
		vi.advanceTimersByTime(301_000);
		expect(media.ready("/x")).toBeUndefined();
	});
});

describe("the server's clock", () => {
	it("is learnt from a Date header, and small differences are left alone", () => {
		vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 10, 22, 12, 0, 0) });
		const clock = new ServerClock();
		expect(clock.learn("Sun, 22 Nov 2026 12:00:02 GMT")).toBe(false);
		expect(clock.nowMs()).toBe(Date.now());
		expect(clock.learn("Sun, 22 Nov 2026 14:00:00 GMT")).toBe(true);
		expect(clock.nowMs() - Date.now()).toBe(7_200_500);
		expect(clock.learn("nonsense")).toBe(false);
		expect(clock.learn(null)).toBe(false);
	});
});
