import { useSignal } from "@preact/signals";
import { Ask } from "../../parts/ask";
import { Card } from "../../parts/card";
import { useHousehold } from "../../parts/household";
import { notify } from "../../parts/notice";
import { Switch } from "../../parts/switch";
import type { HouseRules } from "../../protocol.gen";
import { words } from "../../words";
import { useAsking } from "./use-asking";

/** What holds for all who may open. */
export function RulesPage() {
	const { desk } = useHousehold();
	const { rules: text } = words.value.household;
	const asking = useAsking();
	const warned = useSignal(false);
	const view = desk.view.value;
	if (!view) return null;
	const { rules } = view;
	const change = async (next: Partial<HouseRules>) => {
		warned.value = false;
		const done = await asking.run(() =>
			desk.ask({ type: "change_rules", rules: { ...rules, ...next } }),
		);
		if (done) notify(text.saved);
	};
	const without = view.members
		.filter(({ phone, passkey }) => phone.rights.includes("unlock") && !passkey)
		.map(({ phone }) => phone.name);
	return (
		<>
			<Card icon="unlock">
				<Switch
					hook="rule-passkey"
					label={text.passkey}
					hint={text.passkeyWhy}
					on={rules.unlock_passkey}
					disabled={!asking.ready}
					onChange={(on) => void change({ unlock_passkey: on })}
				/>
				{without.length > 0 && (
					<p class={rules.unlock_passkey ? "hint bad" : "hint"} data-testid="without-passkey">
						{(rules.unlock_passkey ? text.shutOut : text.without)(without.join(", "))}
					</p>
				)}
			</Card>
			<Card icon="lock">
				<Switch
					hook="rule-broker"
					label={text.broker}
					hint={text.brokerWhy}
					on={rules.unlock_mqtt}
					disabled={!asking.ready}
					onChange={(on) => {
						if (on) warned.value = true;
						else void change({ unlock_mqtt: false });
					}}
				/>
				{warned.value ? (
					<Ask
						question={text.brokerAsk}
						yes={text.brokerYes}
						hook="broker-yes"
						busy={!asking.ready}
						onYes={() => void change({ unlock_mqtt: true })}
						onNo={() => (warned.value = false)}
					>
						<p>{text.brokerWarn}</p>
					</Ask>
				) : (
					rules.unlock_mqtt && (
						<p class="banner bad" data-testid="broker-warn">
							{text.brokerWarn}
						</p>
					)
				)}
			</Card>
			{asking.fault.value && (
				<p class="hint bad wide" role="alert">
					{asking.fault.value}
				</p>
			)}
		</>
	);
}
