namespace Temper.Training;

/// <summary>
/// Steps of an optimizer that ranks share: each steps the parameters that it owns and gives their values to the others.
/// </summary>
internal interface IStepShards
{
    /// <summary>Whether this rank steps the parameter.</summary>
    /// <param name="index">Index of the trained parameter.</param>
    bool Owns(int index);

    /// <summary>Replaces the values of the other ranks' parameters by theirs.</summary>
    /// <param name="trained">All trained parameters.</param>
    void Share(TrainedParameters trained);
}
