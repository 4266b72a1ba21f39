// A sample of static-assets doctor.
export const sample = 1;
