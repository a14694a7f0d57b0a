export default { double: (n: number) => 2 * n }
export const half = (n: number) => n / 2
