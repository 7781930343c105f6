using System.Globalization;
using Temper.Networks;
using Temper.Optimization;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Training;

/// <content>One step: regularizers, clipping, optimizer and averages.</content>
public sealed partial class Learner
{
    /// <summary>
    /// Applies one step: regularizers, clipping, optimizer, masks, weight average and batch statistics, in this order.
    /// </summary>
    /// <param name="gradients">Gradients of this learner; regularizer gradients are added to them in place.</param>
    /// <param name="rateFactor">
    /// Factor on the optimizer's learning rate, from the schedule; finite, 0 or more.
    /// </param>
    /// <returns>Regularization value and learning rate of the step.</returns>
    /// <exception cref="ArgumentException">
    /// The gradients belong to another learner, or to the network before an edit; or the factor is out of range.
    /// </exception>
    /// <exception cref="TrainingDivergedException">
    /// The loss, a regularizer or, with clipping by norm, a gradient is not finite. The network has not changed.
    /// Without clipping by norm, gradients are not checked: one that the caller made infinite or NaN reaches the
    /// network.
    /// </exception>
    public LearnerStep Apply(Gradients gradients, float rateFactor = 1)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentNullException.ThrowIfNull(gradients);
        if (gradients.Trained != _trained)
        {
            throw new ArgumentException("Learner.Apply: the gradients belong to another learner, or to the network "
                + "before an edit; compute them again", nameof(gradients));
        }

        if (!(rateFactor >= 0 && float.IsFinite(rateFactor)))
        {
            throw new ArgumentOutOfRangeException(nameof(rateFactor), string.Create(
                CultureInfo.InvariantCulture,
                $"Learner.Apply: the factor is out of range (got {rateFactor}, expected a finite number, 0 or more)"));
        }

        float rate = _options.Optimizer.LearningRate * rateFactor;
        RequireFinite(gradients.Loss, rate);
        double regularization = Regularize(gradients, out double squares);
        RequireFinite(regularization, rate);
        if (!double.IsFinite(squares))
        {
            throw TrainingDivergedException.OfTensor(Steps, "the gradients", rate);
        }

        float clip = _options.Clipping?.ScaleFor(squares) ?? 1;
        for (int i = 0; i < _trained.Count; i++)
        {
            if (Shards?.Owns(i) ?? true)
            {
                Step(_trained.All[i], gradients[i], rateFactor, clip);
            }
        }

        Shards?.Share(_trained);
        UpdateAverages();

        BatchStatisticsUpdate.Move(Network, gradients.Statistics);
        Steps++;
        return new LearnerStep(regularization, rate);
    }

    private void RequireFinite(double value, float rate)
    {
        if (!double.IsFinite(value))
        {
            throw new TrainingDivergedException(Steps, (float)value, rate);
        }
    }

    /// <summary>
    /// Adds the regularizers' gradients, clips each element, and returns the sum of the regularizers' values.
    /// </summary>
    private double Regularize(Gradients gradients, out double squares)
    {
        double value = 0;
        squares = 0;
        for (int i = 0; i < _trained.Count; i++)
        {
            Parameter parameter = _trained.All[i].Parameter;
            Span<float> gradient = gradients[i];
            for (int r = 0; r < _options.Regularizers.Count; r++)
            {
                value += _options.Regularizers[r].AddGradient(parameter, parameter.Value.Physical(), gradient);
            }

            _options.Clipping?.ClipValues(gradient);
            squares += _options.Clipping?.MaxNorm is null ? 0 : SumOfSquares(gradient, parameter);
        }

        return value;
    }

    /// <summary>
    /// Returns the sum of squares of a gradient without that of masked weights, which do not change; it is set to 0.
    /// </summary>
    private static double SumOfSquares(Span<float> gradient, Parameter parameter)
    {
        if (parameter.Mask is not null)
        {
            TensorPrimitives.Multiply(gradient, parameter.Mask.Physical(), gradient);
        }

        return GradientClipping.SumOfSquares(gradient);
    }

    private void Step(TrainedParameter trained, ReadOnlySpan<float> gradient, float rateFactor, float clip)
    {
        Parameter parameter = trained.Parameter;
        var update = new ParameterUpdate
        {
            Value = parameter.Value.Writable(),
            Gradient = gradient,
            Mask = parameter.Mask is null ? default : parameter.Mask.Physical(),
            RateFactor = rateFactor * trained.Group.RateFactor,
            GradientScale = clip,
            WeightDecay = trained.Group.WeightDecay,
        };
        _options.Optimizer.Step(update, trained.State);
        parameter.Value.Storage.MarkWritten();
    }

    private void UpdateAverages()
    {
        for (int i = 0; i < _trained.Count && _options.Average is not null; i++)
        {
            TrainedParameter trained = _trained.All[i];
            _options.Average.Update(trained.Average, trained.Parameter.Value.Physical(), Steps);
        }
    }
}
