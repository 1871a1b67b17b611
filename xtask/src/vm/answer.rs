//! Reading what the guest answered. No answer is a fault as much as a wrong one.

use super::steps::Step;

/// Checks every step's answer; gives one sentence for each that failed.
pub fn check(answers: &str, steps: &[Step]) -> Vec<String> {
    steps
        .iter()
        .filter_map(|step| {
            judge(answers, step)
                .err()
                .map(|why| format!("{}: {why}", step.name))
        })
        .collect()
}

fn judge(answers: &str, step: &Step) -> Result<(), String> {
    let begin = format!("::begin {}\n", step.name);
    let Some((_, rest)) = answers.split_once(&begin) else {
        return Err("did not run".to_owned());
    };
    let end = format!("\n::end {} ", step.name);
    let Some((answer, rest)) = rest.split_once(&end) else {
        return Err("did not end".to_owned());
    };
    let code = rest.lines().next().unwrap_or("");
    match code {
        "0" => (step.check)(answer),
        // What busybox's timeout exits with when it had to end the program.
        "143" => Err(format!("took longer than {} s", step.limit.as_secs())),
        code => Err(format!("exited with {code}")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn faults(answers: &str) -> Vec<String> {
        let check = |answer: &str| {
            if answer.trim() == "good" {
                Ok(())
            } else {
                Err(format!("said {answer:?}"))
            }
        };
        let step = |name| Step {
            name,
            command: String::new(),
            limit: Duration::from_secs(9),
            check,
        };
        super::check(answers, &[step("first"), step("second")])
    }

    #[test]
    fn every_step_must_run_end_and_answer_right() {
        let good = "::begin first\ngood\n\n::end first 0\n::begin second\ngood\n::end second 0\n";
        assert_eq!(faults(good), Vec::<String>::new());
        assert_eq!(faults(""), ["first: did not run", "second: did not run"]);
        assert_eq!(faults(&good[..good.len() - 14]), ["second: did not end"]);
        assert_eq!(
            faults(&good.replace("first 0", "first 3")),
            ["first: exited with 3"]
        );
        assert_eq!(
            faults(&good.replace("second 0", "second 143")),
            ["second: took longer than 9 s"]
        );
        assert_eq!(
            faults(&good.replacen("good", "bad", 1)),
            ["first: said \"bad\\n\""]
        );
    }
}
