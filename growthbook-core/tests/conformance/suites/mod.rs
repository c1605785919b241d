mod bucketing;
mod conditions;
mod crypto;
mod experiments;
mod features;
mod reduce;
mod tracking;
