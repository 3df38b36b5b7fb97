import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icons";

interface RowProps {
	href: string;
	hook: string;
	icon?: IconName;
	title: string;
	/** A short word beside the title. */
	mark?: string | undefined;
	/** What is below it; empty ones are left out. */
	lines: readonly string[];
	children?: ComponentChildren;
}

/** A line of a list that leads to a page of its own. */
export function Row({ href, hook, icon, title, mark, lines, children }: RowProps) {
	return (
		<a class="row" href={href} data-testid={hook}>
			{icon && <Icon name={icon} />}
			<span class="row-words">
				<span class="row-title">
					<span>{title}</span>
					{mark && <span class="mark-word">{mark}</span>}
					{children}
				</span>
				{lines.filter(Boolean).map((line) => (
					<small key={line}>{line}</small>
				))}
			</span>
			<Icon name="next" />
		</a>
	);
}
