import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icons";

interface CardProps {
	icon?: IconName;
	title?: string;
	class?: string;
	children: ComponentChildren;
}

/** One topic of a page. */
export function Card({ icon, title, children, ...rest }: CardProps) {
	return (
		<section class={`card ${rest.class ?? ""}`} aria-label={title}>
			{title && (
				<h2 class="card-title">
					{icon && <Icon name={icon} />}
					{title}
				</h2>
			)}
			{children}
		</section>
	);
}
