type Information = EventTarget & { readonly type?: string };

export interface NetworkNeeds {
	/** The phone is in another network now: what was found in the old one is of no use. */
	changed: () => void;
	/** Something happened after which the way to the door may be gone. */
	doubtful: () => void;
}

/** Tell what the browser knows about the phone's network, until `over`. */
export function watchNetwork(needs: NetworkNeeds, over: AbortSignal): void {
	const options = { signal: over };
	addEventListener("online", needs.changed, options);
	addEventListener("offline", needs.doubtful, options);
	document.addEventListener(
		"visibilitychange",
		() => {
			if (document.visibilityState === "visible") needs.doubtful();
		},
		options,
	);
	const information = (navigator as Navigator & { connection?: Information }).connection;
	let kind = information?.type;
	information?.addEventListener?.(
		"change",
		() => {
			// Browsers also tell every new guess of the speed; a doubt costs one question.
			const same = information.type === kind;
			kind = information.type;
			if (same) needs.doubtful();
			else needs.changed();
		},
		options,
	);
}
