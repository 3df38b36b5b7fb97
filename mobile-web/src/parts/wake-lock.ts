import { useEffect } from "preact/hooks";

/** Keep the screen on while someone looks at the door. */
export function useWakeLock(on: boolean): void {
	useEffect(() => {
		if (!on || !("wakeLock" in navigator)) return;
		let held: WakeLockSentinel | undefined;
		let over = false;
		const take = async () => {
			if (document.visibilityState !== "visible") return;
			held = await navigator.wakeLock.request("screen").catch(() => undefined);
			if (over) void held?.release();
		};
		void take();
		// The system takes it back whenever the page is hidden.
		document.addEventListener("visibilitychange", take);
		return () => {
			over = true;
			document.removeEventListener("visibilitychange", take);
			void held?.release();
		};
	}, [on]);
}
