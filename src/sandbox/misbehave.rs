//! Misbehaviour on demand: which call or delivery goes wrong, and how.
//! Only chooses; the Web API and the deliveries act it out.

use serde::Deserialize;

use super::ids::Ids;

/// What can go wrong with an API call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CallFault {
    /// 429 with `Retry-After`; nothing was done.
    Ratelimited,
    /// 5xx; nothing was done.
    ServerError,
    /// No answer, and nothing was done.
    Silence,
    /// 5xx at once, and the call is applied some real milliseconds later.
    Late,
    /// The call is applied and never answered.
    AppliedThenSilence,
    /// The connection ends before an answer; nothing was done.
    DropConnection,
    /// The call is applied and the connection ends before the answer.
    AppliedThenDrop,
}

/// What can go wrong with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DeliveryFault {
    /// The payload comes twice.
    Duplicate,
    /// The payload comes after the one that follows it.
    Reorder,
    /// The payload comes some real milliseconds late.
    Delay,
    /// The socket that was to carry it ends without a close frame.
    DropSocket,
}

/// One instruction to misbehave, as the control route takes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// A method's name, or `*` for every method; `response_url` names the response URLs.
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    fault: Option<CallFault>,
    #[serde(default)]
    deliveries: Option<DeliveryFault>,
    #[serde(default)]
    retry_after_s: Option<i64>,
    #[serde(default)]
    delay_ms: Option<u64>,
    #[serde(default)]
    status: Option<u16>,
    /// How often; without it, until cleared.
    #[serde(default)]
    times: Option<u32>,
    #[serde(default)]
    probability: Option<f64>,
    #[serde(default)]
    seed: Option<u64>,
    /// How many matching calls or deliveries pass unharmed first.
    #[serde(default)]
    after: u32,
}

/// An order that says nothing to misbehave in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("say either `method` and `fault`, or `deliveries`")]
pub(super) struct NoFault;

#[derive(Debug, Clone)]
enum What {
    Call(String, CallFault),
    Delivery(DeliveryFault),
}

#[derive(Debug)]
struct Rule {
    what: What,
    order: Order,
    dice: Ids,
}

impl Rule {
    /// Whether the rule strikes now; counts down if so.
    fn strikes(&mut self) -> bool {
        if self.order.times == Some(0) {
            return false;
        }
        if self.order.after > 0 {
            self.order.after -= 1;
            return false;
        }
        if let Some(probability) = self.order.probability {
            // 53 bits are what a double holds exactly.
            #[expect(clippy::cast_precision_loss, reason = "the value was cut to 53 bits")]
            let drawn = (self.dice.number() >> 11) as f64 / (1_u64 << 53) as f64;
            if drawn >= probability {
                return false;
            }
        }
        if let Some(times) = &mut self.order.times {
            *times -= 1;
        }
        true
    }
}

/// A call fault with its particulars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StruckCall {
    pub(super) fault: CallFault,
    pub(super) retry_after_s: i64,
    pub(super) delay_ms: u64,
    pub(super) status: u16,
}

/// A delivery fault with its particulars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StruckDelivery {
    pub(super) fault: DeliveryFault,
    pub(super) delay_ms: u64,
}

/// All orders in force, oldest first; the first that strikes decides.
#[derive(Debug, Default)]
pub(super) struct Misbehaviour {
    rules: Vec<Rule>,
}

impl Misbehaviour {
    pub(super) fn order(&mut self, order: Order) -> Result<(), NoFault> {
        let what = match (order.fault, order.deliveries) {
            (Some(fault), None) => {
                let method = order.method.clone().unwrap_or_else(|| "*".to_owned());
                What::Call(method, fault)
            }
            (None, Some(fault)) => What::Delivery(fault),
            _ => return Err(NoFault),
        };
        let dice = Ids::new(order.seed.unwrap_or_default());
        self.rules.push(Rule { what, order, dice });
        Ok(())
    }

    /// Whether anything is told to go wrong, or could still.
    pub(super) fn is_ordered(&self) -> bool {
        self.rules.iter().any(|rule| rule.order.times != Some(0))
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    /// What goes wrong with a call of `method`, if anything.
    pub(super) fn strike_call(&mut self, method: &str) -> Option<StruckCall> {
        self.rules.iter_mut().find_map(|rule| {
            let What::Call(pattern, fault) = &rule.what else {
                return None;
            };
            if pattern != "*" && pattern != method {
                return None;
            }
            let fault = *fault;
            rule.strikes().then(|| StruckCall {
                fault,
                retry_after_s: rule.order.retry_after_s.unwrap_or(1),
                delay_ms: rule.order.delay_ms.unwrap_or(50),
                status: rule.order.status.unwrap_or(503),
            })
        })
    }

    /// What goes wrong with the next delivery, if anything.
    pub(super) fn strike_delivery(&mut self) -> Option<StruckDelivery> {
        self.rules.iter_mut().find_map(|rule| {
            let What::Delivery(fault) = rule.what else {
                return None;
            };
            rule.strikes().then(|| StruckDelivery {
                fault,
                delay_ms: rule.order.delay_ms.unwrap_or(50),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(json: &str) -> Order {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_rule_strikes_as_often_as_it_was_told_and_only_its_method() {
        let mut faults = Misbehaviour::default();
        faults
            .order(order(
                r#"{"method": "chat.update", "fault": "server_error", "times": 2, "after": 1}"#,
            ))
            .unwrap();
        assert_eq!(faults.strike_call("chat.postMessage"), None);
        assert_eq!(faults.strike_call("chat.update"), None);
        assert_eq!(
            faults.strike_call("chat.update").unwrap().fault,
            CallFault::ServerError
        );
        assert!(faults.strike_call("chat.update").is_some());
        assert_eq!(faults.strike_call("chat.update"), None);
    }

    #[test]
    fn one_seed_gives_one_pattern_of_faults() {
        let pattern = || {
            let mut faults = Misbehaviour::default();
            faults
                .order(order(
                    r#"{"fault": "silence", "probability": 0.5, "seed": 3}"#,
                ))
                .unwrap();
            (0..64)
                .map(|_| faults.strike_call("m").is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(pattern(), pattern());
        let struck = pattern().into_iter().filter(|struck| *struck).count();
        assert!((16..=48).contains(&struck), "{struck}");
    }

    #[test]
    fn an_order_without_a_fault_is_refused() {
        assert_eq!(Misbehaviour::default().order(order("{}")), Err(NoFault));
    }
}
