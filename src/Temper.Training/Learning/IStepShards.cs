namespace Temper.Training;

/// <summary>
/// Divides the optimizer's work among ranks: each rank steps the parameters that it owns and sends their values to the
/// other ranks.
/// </summary>
internal interface IStepShards
{
    /// <summary>Returns whether this rank steps the parameter.</summary>
    /// <param name="index">Index of the trained parameter.</param>
    bool Owns(int index);

    /// <summary>Replaces the values of parameters owned by other ranks with the values those ranks computed.</summary>
    /// <param name="trained">All trained parameters.</param>
    void Share(TrainedParameters trained);
}
