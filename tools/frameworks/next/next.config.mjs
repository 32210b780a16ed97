// Other lockfiles are above this folder.
export default { turbopack: { root: import.meta.dirname } }
