import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Call } from "../call/call";
import { DeniedError } from "../call/control";
import { Icon } from "../parts/icons";
import { notify } from "../parts/notice";
import { useSession } from "../parts/session";
import { Sheet } from "../parts/sheet";
import { Slide } from "../parts/slide";
import type { Challenge } from "../protocol.gen";
import { words } from "../words";

interface UnlockSheetProps {
	call: Call;
	name: string;
	onClose: () => void;
}

/** Opening the door takes two steps: the doorbell's challenge, and this phone's signature. */
export function UnlockSheet({ call, name, onClose }: UnlockSheetProps) {
	const { identity } = useSession();
	const challenge = useSignal<Challenge | null>(null);
	const working = useSignal(false);
	const { call: text, app } = words.value;

	const failed = (error: unknown) => {
		const why = error instanceof DeniedError && error.detail ? error.detail : text.silent;
		notify(text.unlockFailed(why), "bad");
		onClose();
	};
	useEffect(() => {
		let current = true;
		let timer: ReturnType<typeof setTimeout> | undefined;
		call
			.challenge()
			.then((next) => {
				if (!current) return;
				challenge.value = next;
				timer = setTimeout(() => {
					if (working.value) return;
					notify(text.unlockLate, "bad");
					onClose();
				}, next.valid_s * 1000);
			})
			.catch((error: unknown) => current && failed(error));
		return () => {
			current = false;
			clearTimeout(timer);
		};
	}, [call]);

	const confirm = async () => {
		const signed = challenge.value;
		if (!signed || working.value) return;
		working.value = true;
		try {
			await call.unlock(signed);
			notify(text.unlockedNow);
			onClose();
		} catch (error) {
			failed(error);
		}
	};
	const ready = challenge.value;
	const seconds = ready ? text.seconds(Math.round(ready.pulse_s)) : "…";
	return (
		<Sheet opener="unlock" class="unlock-sheet" label={text.unlockAsk(name)} onClose={onClose}>
			<h2 class="sheet-title">{text.unlockAsk(name)}</h2>
			<p class="sheet-text">{text.unlockWho(identity.record.name, seconds)}</p>
			<Slide
				label={text.unlockSlide}
				press={text.unlockPress}
				disabled={!ready || working.value}
				onConfirm={() => void confirm()}
			/>
			{ready && (
				<span
					class="countdown"
					aria-hidden="true"
					style={{ animationDuration: `${ready.valid_s}s` }}
				/>
			)}
			<button type="button" class="pill quiet" onClick={onClose}>
				<Icon name="close" />
				{app.cancel}
			</button>
		</Sheet>
	);
}
