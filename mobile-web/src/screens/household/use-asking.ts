import { type Signal, useSignal } from "@preact/signals";
import { whyNot } from "../../household/tell";
import { useHousehold } from "../../parts/household";
import { words } from "../../words";

export interface Asking {
	/** Something is being asked now. */
	readonly busy: Signal<boolean>;
	/** Why the last thing was not done; stays until the next is tried. */
	readonly fault: Signal<string>;
	/** Whether changes can be asked for now. */
	readonly ready: boolean;
	/** Do it; a failure becomes `fault`. Resolves with whether it was done. */
	run(work: () => Promise<unknown>): Promise<boolean>;
}

/** One thing at a time, with its failure in words beside it. */
export function useAsking(): Asking {
	const { desk } = useHousehold();
	const busy = useSignal(false);
	const fault = useSignal("");
	return {
		busy,
		fault,
		ready: desk.state.value.phase === "open" && !busy.value,
		async run(work) {
			if (busy.value) return false;
			busy.value = true;
			fault.value = "";
			try {
				await work();
				return true;
			} catch (error) {
				fault.value = whyNot(error, words.value);
				return false;
			} finally {
				busy.value = false;
			}
		},
	};
}
