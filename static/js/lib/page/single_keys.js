/** Whether keys without a modifier act on the page: who uses it may have switched them off (WCAG 2.1.4). */
export const singleKeys = document.documentElement.dataset.singleKeys !== "off"
