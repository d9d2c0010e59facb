//! Is everything that a training keeps still a finite number: asked after every epoch, before anything of it is saved.
//!
//! A loss is taken before its update, and a quantizer gives every number a code, so numbers can be lost without a loss that says so.
//! Not responsible for losses (`trainer`) nor for files that hold such numbers (`state`, `net::checkpoint`).

use super::deploy::deploy;
use super::model::Model;
use super::optimizer::Optimizer;
use rayon::prelude::*;

/// What is not finite any more, in words; `norms` are the lengths of the gradients of an epoch.
pub fn diverged(model: &Model<f32>, optimizer: &Optimizer<f32>, norms: &[f64]) -> Option<String> {
    let lost = |values: &[f32]| values.par_iter().any(|value| !value.is_finite());
    let params = model.params.list.iter();
    let moments = optimizer.first.iter().chain(&optimizer.second);
    if let Some(param) = params.clone().find(|param| lost(&param.values)) {
        return Some(format!("`{}` became larger than any number", param.name));
    }
    let names = params.clone().chain(params);
    if let Some((param, _)) = names.zip(moments).find(|(_, moments)| lost(moments)) {
        return Some(format!(
            "the moments of `{}` became larger than any number",
            param.name
        ));
    }
    for (layer, params) in model.network.layers.iter().zip(&model.layers) {
        let running = params.running.mean.iter().chain(&params.running.variance);
        if running.clone().any(|value| !value.is_finite()) {
            return Some(format!(
                "the statistics of `{}` became larger than any number",
                layer.name
            ));
        }
    }
    if let Some(norm) = norms.iter().find(|norm| !norm.is_finite()) {
        return Some(format!("the length of a gradient became {norm}"));
    }
    let network = deploy(model)?;
    let unfit = network.layers.iter().find(|layer| !layer.is_finite())?;
    Some(format!(
        "the scale of `{}` became larger than any number",
        unfit.layer.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::shipped::load_network;
    use crate::train::model::Method;
    use crate::train::optimizer::Rule;
    use crate::train::quantizer::weight::StepRule;

    #[test]
    fn every_lost_number_is_found() {
        let network = load_network("lenet").unwrap();
        let mut model = Model::<f32>::new(&network, Method::Float, 1);
        model.start_quantized(StepRule::Learned);
        let optimizer = Optimizer::new(Rule::Adam, 0.0, &model.params);
        assert_eq!(diverged(&model, &optimizer, &[1.0]), None);
        for index in 0..model.params.list.len() {
            for lost in [f32::NAN, f32::INFINITY] {
                let mut wrong = model.clone();
                *wrong.params.list[index].values.last_mut().unwrap() = lost;
                let name = &model.params.list[index].name;
                assert!(diverged(&wrong, &optimizer, &[1.0]).unwrap().contains(name));
                let mut wrong = optimizer.clone();
                *wrong.second[index].last_mut().unwrap() = lost;
                assert!(diverged(&model, &wrong, &[1.0]).unwrap().contains(name));
            }
        }
        let mut wrong = model.clone();
        wrong.layers[1].running.variance[0] = f64::NAN;
        assert!(
            diverged(&wrong, &optimizer, &[1.0])
                .unwrap()
                .contains("statistics")
        );
        assert!(
            diverged(&model, &optimizer, &[1.0, f64::INFINITY])
                .unwrap()
                .contains("gradient")
        );
        // Finite numbers whose quotient is none.
        let mut wrong = model.clone();
        let (gamma, step) = (wrong.layers[0].gamma, wrong.layers[0].activation_step);
        wrong.params.get_mut(gamma)[0] = 3e38;
        wrong.params.get_mut(step)[0] = 1e-5;
        assert!(
            diverged(&wrong, &optimizer, &[1.0])
                .unwrap()
                .contains("scale")
        );
    }
}
