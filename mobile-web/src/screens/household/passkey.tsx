import { createPasskey, PasskeyError, passkeysWork } from "../../identity/passkey";
import { Card } from "../../parts/card";
import { useHousehold } from "../../parts/household";
import { notify } from "../../parts/notice";
import { words } from "../../words";
import { useAsking } from "./use-asking";

/** This phone's own passkey. */
export function PasskeyPage() {
	const { desk, me } = useHousehold();
	const { passkey: text } = words.value.household;
	const asking = useAsking();
	const view = desk.view.value;
	const mine = view?.members.find(({ phone }) => phone.id === me);
	const make = async () => {
		let trouble = "";
		const done = await asking.run(async () => {
			const options = await desk.ask({ type: "want_passkey", origin: location.origin });
			if (options.type !== "passkey_options") return;
			const made = await createPasskey(options).catch((error: unknown) => {
				if (error instanceof PasskeyError) trouble = text.troubles[error.trouble];
				throw error;
			});
			await desk.ask({ type: "make_passkey", ...made });
			await desk.ask({ type: "show" });
		});
		if (done) notify(text.made);
		else if (trouble) asking.fault.value = trouble;
	};
	const may = mine?.phone.rights.includes("unlock") ?? false;
	return (
		<Card class="wide">
			<p>{text.what}</p>
			{may && <p class="hint">{view?.rules.unlock_passkey ? text.needed : text.notNeeded}</p>}
			{!may && <p class="banner">{text.noUnlock}</p>}
			{may && mine?.passkey && (
				<>
					<p class="banner good" data-testid="passkey-made">
						{text.have}
					</p>
					<p class="hint">{text.lost}</p>
				</>
			)}
			{may && !mine?.passkey && !passkeysWork() && (
				<p class="banner bad">{text.troubles.unsupported}</p>
			)}
			{asking.fault.value && (
				<p class="hint bad" role="alert" data-testid="passkey-fault">
					{asking.fault.value}
				</p>
			)}
			{may && !mine?.passkey && (
				<button
					type="button"
					class="pill primary wide"
					data-testid="make-passkey"
					disabled={!asking.ready || !passkeysWork()}
					onClick={() => void make()}
				>
					{text.make}
				</button>
			)}
		</Card>
	);
}
