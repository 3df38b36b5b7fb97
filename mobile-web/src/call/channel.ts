/** The part of RTCDataChannel that is used here. */
export interface Channel {
	readonly readyState: RTCDataChannelState;
	readonly bufferedAmount: number;
	send(text: string): void;
	addEventListener(type: "open" | "close" | "message", listener: (event: Event) => void): void;
}

/** A message as the object that it should be, or undefined when it is none. */
export function objectOf(data: unknown): Record<string, unknown> | undefined {
	if (typeof data !== "string") return undefined;
	try {
		const value: unknown = JSON.parse(data);
		return typeof value === "object" && value !== null
			? (value as Record<string, unknown>)
			: undefined;
	} catch {
		return undefined;
	}
}
