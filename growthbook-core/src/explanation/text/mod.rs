//! Explanations as people read them: one fact a line, indented under what it is a fact of.

mod condition;
mod phrases;

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Display, Formatter};

use self::phrases::{earlier, hashed, headline, interval, json, name, need, rule_name, verdict};
use super::{
    ExperimentExplanation, ExplainedBandit, ExplainedBucket, ExplainedExperiment, ExplainedFeature,
    ExplainedPrerequisite, ExplainedRule, ExplainedVariation, Explanation,
};

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut page = Page::new(f, &self.others);
        page.told.insert(self.feature.key());
        page.feature(&self.feature, 0)?;
        page.end(&self.others, self.is_cut)
    }
}

impl Display for ExperimentExplanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut page = Page::new(f, &self.others);
        page.experiment(&self.experiment, 0)?;
        page.end(&self.others, self.is_cut)
    }
}

struct Page<'p, 'f> {
    f: &'p mut Formatter<'f>,
    features: HashMap<&'p str, &'p ExplainedFeature>,
    told: HashSet<&'p str>,
}

impl<'p, 'f> Page<'p, 'f> {
    fn new(f: &'p mut Formatter<'f>, others: &'p [ExplainedFeature]) -> Self {
        Self {
            f,
            features: others.iter().map(|it| (it.key(), it)).collect(),
            told: HashSet::new(),
        }
    }

    fn line(&mut self, indent: usize, text: &dyn Display) -> fmt::Result {
        writeln!(self.f, "{:indent$}{text}", "")
    }

    /// The features that have not been told where they were asked for, and whether there is more.
    fn end(&mut self, others: &'p [ExplainedFeature], is_cut: bool) -> fmt::Result {
        for feature in others {
            if self.told.insert(feature.key()) {
                self.feature(feature, 0)?;
            }
        }
        if is_cut {
            self.line(0, &"(cut: there is more to this than an explanation holds)")?;
        }
        Ok(())
    }

    fn feature(&mut self, feature: &'p ExplainedFeature, indent: usize) -> fmt::Result {
        self.line(indent, &headline(feature))?;
        for rule in feature.rules() {
            self.rule(rule, indent + 2)?;
        }
        Ok(())
    }

    fn rule(&mut self, rule: &'p ExplainedRule, indent: usize) -> fmt::Result {
        let (rule_name, kind, outcome) = (rule_name(rule), rule.kind(), rule.outcome());
        self.line(indent, &format_args!("{rule_name} ({kind}): {outcome}"))?;
        let indent = indent + 2;
        self.prerequisites(rule.prerequisites(), indent)?;
        self.filters(rule.filters(), indent)?;
        condition::write(self.f, rule.condition(), indent)?;
        if let Some(rollout) = rule.rollout() {
            self.bucket("rollout", rollout, indent)?;
        }
        if let Some(experiment) = rule.experiment() {
            self.experiment(experiment, indent)?;
        }
        for (experiment, variation) in rule.tracks() {
            let (experiment, variation) = (name(experiment), name(variation));
            self.line(
                indent,
                &format_args!("reports variation {variation} of experiment {experiment}, as evaluated elsewhere"),
            )?;
        }
        Ok(())
    }

    fn prerequisites(
        &mut self,
        prerequisites: &'p [ExplainedPrerequisite],
        indent: usize,
    ) -> fmt::Result {
        for prerequisite in prerequisites {
            self.line(indent, &need(prerequisite))?;
            if let Some(key) = prerequisite.feature() {
                self.parent(key, prerequisite, indent + 2)?;
            }
            condition::write(self.f, prerequisite.condition(), indent + 2)?;
        }
        Ok(())
    }

    /// A feature under the one that asks for it, where it is told if it has not been, unless that is far to the right.
    fn parent(
        &mut self,
        key: &str,
        prerequisite: &ExplainedPrerequisite,
        indent: usize,
    ) -> fmt::Result {
        let feature = self.features.get(key).copied();
        if let Some(feature) = feature.filter(|it| !self.told.contains(it.key()))
            && indent <= MOST_INDENT
        {
            self.told.insert(feature.key());
            return self.feature(feature, indent);
        }
        let place = match feature {
            Some(feature) if self.told.contains(feature.key()) => "told above",
            Some(_) => "told below",
            None => "told elsewhere",
        };
        let (key, value) = (name(key), prerequisite.value());
        self.line(indent, &format_args!("{key} = {} ({place})", json(value)))
    }

    fn filters(&mut self, filters: &[ExplainedBucket], indent: usize) -> fmt::Result {
        let mut filters = filters.iter();
        filters.try_for_each(|filter| self.bucket("filter", filter, indent))
    }

    fn bucket(&mut self, what: &str, bucket: &ExplainedBucket, indent: usize) -> fmt::Result {
        let mark = if bucket.is_included() { "yes" } else { "no" };
        let fact = hashed(bucket);
        self.line(indent, &format_args!("{mark:<3}  {what}: {fact}"))
    }

    fn experiment(&mut self, experiment: &'p ExplainedExperiment, indent: usize) -> fmt::Result {
        self.line(indent, &verdict(experiment))?;
        let indent = indent + 2;
        if let Some(page) = experiment.page() {
            self.line(indent, &format_args!("page: {}", name(page)))?;
        }
        if let Some(bandit) = experiment.bandit() {
            self.bandit(bandit, indent)?;
        }
        if let Some(sticky) = experiment.sticky() {
            self.line(indent, &format_args!("sticky bucket: {}", earlier(sticky)))?;
        }
        self.filters(experiment.filters(), indent)?;
        if let Some(namespace) = experiment.namespace() {
            self.bucket("namespace", namespace, indent)?;
        }
        condition::write(self.f, experiment.condition(), indent)?;
        self.prerequisites(experiment.prerequisites(), indent)?;
        if !experiment.variations().is_empty() || experiment.hash().bucket().is_none() {
            self.line(indent, &hashed(experiment.hash()))?;
        }
        self.variations(experiment, indent + 2)
    }

    fn variations(&mut self, experiment: &ExplainedExperiment, indent: usize) -> fmt::Result {
        let label = |variation: &ExplainedVariation| {
            let index = variation.index().to_string();
            match variation.key() {
                None => format!("{index} (none)"),
                Some(key) if key == index => index,
                Some(key) => format!("{index} {}", name(key)),
            }
        };
        let variations = experiment.variations();
        let width = variations.iter().map(|it| label(it).chars().count()).max();
        let width = width.unwrap_or_default();
        let mut next = 0;
        for variation in variations {
            if variation.index() > next {
                self.line(indent, &"…")?;
            }
            next = variation.index() + 1;
            let (label, range) = (
                label(variation),
                interval(variation.range(), experiment.hash().bucket()),
            );
            let mark = if variation.holds_bucket() {
                "  <- here"
            } else {
                ""
            };
            self.line(indent, &format_args!("{label:<width$}  {range}{mark}"))?;
        }
        if experiment.variation_count > next {
            let count = experiment.variation_count;
            self.line(indent, &format_args!("… {count} in all"))?;
        }
        Ok(())
    }

    fn bandit(&mut self, bandit: &ExplainedBandit, indent: usize) -> fmt::Result {
        let id = name(bandit.id());
        let weights = match bandit.leaf_id() {
            Some(leaf) => format!("weights of leaf {leaf}"),
            None if bandit.is_defined() => "no usable leaf, own weights".to_owned(),
            None => "not in the payload, own weights".to_owned(),
        };
        self.line(indent, &format_args!("bandit {id}: {weights}"))?;
        for leaf in bandit.leaves() {
            let id = leaf
                .id()
                .map_or("without a valid id".to_owned(), |id| id.to_string());
            self.line(indent + 2, &format_args!("{:<3}  leaf {id}", leaf.holds()))?;
            condition::write(self.f, leaf.condition(), indent + 4)?;
        }
        Ok(())
    }
}

/// Where a line may begin, at most, for a feature to be told under the one that asks for it.
const MOST_INDENT: usize = 32;
