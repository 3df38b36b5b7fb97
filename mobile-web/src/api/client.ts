import type {
	CallChallenge,
	Doorbell,
	DoorbellList,
	IceServers,
	PushKey,
	PushSubscription,
	Visit,
	VisitPage,
} from "../protocol.gen";
import { Challenges } from "./challenges";
import { API, type SignedHttp } from "./http";

const JSON_TYPE = "application/json";
const SDP_TYPE = "application/sdp";
const TRICKLE_TYPE = "application/trickle-ice-sdpfrag";
/** The signature beside SDP, in either direction. */
const SIGNATURE_HEADER = "Doorstep-Signature";

/** The server's answer to an offer. */
export interface LiveAnswer {
	/** The call's id: the last part of its address. */
	call: string;
	/** Path of the call's resource on this server. */
	path: string;
	sdp: string;
	/** What the doorbell signed about it. */
	signature: string | null;
	etag: string | null;
}

/** The server's interface, one method for each thing that the app does. */
export class Client {
	readonly challenges = new Challenges((doorbell, signal) => this.challenge(doorbell, signal));

	constructor(readonly http: SignedHttp) {}

	async doorbells(signal?: AbortSignal): Promise<readonly Doorbell[]> {
		return (await this.#get<DoorbellList>("/doorbells", signal)).items;
	}

	visits(cursor: string | null, signal?: AbortSignal): Promise<VisitPage> {
		const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
		return this.#get<VisitPage>(`/visits${query}`, signal);
	}

	visit(id: string, signal?: AbortSignal): Promise<Visit> {
		return this.#get<Visit>(`/visits/${id}`, signal);
	}

	async deleteVisit(id: string, signal?: AbortSignal): Promise<void> {
		await this.http.request("DELETE", `${API}/visits/${id}`, { ...(signal && { signal }) });
	}

	iceServers(signal?: AbortSignal): Promise<IceServers> {
		return this.#get<IceServers>("/ice-servers", signal);
	}

	pushKey(signal?: AbortSignal): Promise<PushKey> {
		return this.#get<PushKey>("/push/key", signal);
	}

	async subscribe(subscription: PushSubscription, signal?: AbortSignal): Promise<void> {
		await this.#send("POST", "/push/subscriptions", subscription, signal);
	}

	async unsubscribe(subscription: PushSubscription, signal?: AbortSignal): Promise<void> {
		await this.#send("DELETE", "/push/subscriptions", subscription, signal);
	}

	/** Ask for a real push to this phone. */
	async testPush(signal?: AbortSignal): Promise<void> {
		await this.http.request("POST", `${API}/push/test`, { ...(signal && { signal }) });
	}

	/** The doorbell's own nonce, for one offer of this phone. */
	async challenge(doorbell: string, signal?: AbortSignal): Promise<CallChallenge> {
		const path = `${API}/doorbells/${doorbell}/challenge`;
		const response = await this.http.request("POST", path, { ...(signal && { signal }) });
		return (await response.json()) as CallChallenge;
	}

	/**
	 * Offer a call; `answers` names the visit whose ring this phone answers, `signature` is what this
	 * phone signed about the offer.
	 */
	async live(
		doorbell: string,
		answers: string | undefined,
		sdp: string,
		signature: string,
		signal: AbortSignal,
	): Promise<LiveAnswer> {
		const response = await this.http.request("POST", livePath(doorbell, answers), {
			body: sdp,
			contentType: SDP_TYPE,
			headers: { [SIGNATURE_HEADER]: signature },
			signal,
		});
		// Only the path counts: behind a proxy the server may not know its own name.
		const base = globalThis.location?.href;
		const path = new URL(response.headers.get("Location") ?? "", base).pathname;
		return {
			call: path.slice(path.lastIndexOf("/") + 1),
			path,
			sdp: await response.text(),
			signature: response.headers.get(SIGNATURE_HEADER),
			etag: response.headers.get("ETag"),
		};
	}

	/** Sign an offer that will probably be made soon. */
	async expectLive(doorbell: string, answers: string | undefined, sdp: string): Promise<void> {
		await this.http.presign("POST", livePath(doorbell, answers), sdp);
	}

	async trickle(answer: LiveAnswer, fragment: string, signal: AbortSignal): Promise<void> {
		await this.http.request("PATCH", answer.path, {
			body: fragment,
			contentType: TRICKLE_TYPE,
			headers: answer.etag ? { "If-Match": answer.etag } : {},
			signal,
		});
	}

	async hangUp(path: string): Promise<void> {
		// Read to its end, or some browsers count the request as broken off.
		await (await this.http.request("DELETE", path)).text();
	}

	async #get<T>(path: string, signal?: AbortSignal): Promise<T> {
		const response = await this.http.request("GET", `${API}${path}`, { ...(signal && { signal }) });
		return (await response.json()) as T;
	}

	async #send(method: string, path: string, value: object, signal?: AbortSignal): Promise<void> {
		await this.http.request(method, `${API}${path}`, {
			body: JSON.stringify(value),
			contentType: JSON_TYPE,
			...(signal && { signal }),
		});
	}
}

function livePath(doorbell: string, answers: string | undefined): string {
	const query = answers ? `?answers=${encodeURIComponent(answers)}` : "";
	return `${API}/doorbells/${doorbell}/live${query}`;
}

export const visitPaths = {
	snapshot: (id: string) => `${API}/visits/${id}/snapshot.jpg`,
	preview: (id: string) => `${API}/visits/${id}/preview.jpg`,
	clip: (id: string) => `${API}/visits/${id}/clip.mp4`,
};
